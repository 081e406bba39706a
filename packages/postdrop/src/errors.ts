/** postdrop(1) gives up; `message` is for the user, without the name of the program. */
export class PostdropError extends Error {
  override readonly name = 'PostdropError'
}
