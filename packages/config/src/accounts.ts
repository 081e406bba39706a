/** A row of passwd(5). */
export interface Account {
  readonly name: string
  readonly userId: number
  readonly groupId: number
  /** The first field of the comment (GECOS), its `&` replaced by the name; may be empty. */
  readonly fullName: string
}

/** The user and group databases of the system, for the checks of G-19. */
export interface Accounts {
  readonly userByName: (name: string) => Account | undefined
  /** The first user with this id. */
  readonly userById: (userId: number) => Account | undefined
  /** The id of a group. */
  readonly groupIdOf: (name: string) => number | undefined
  /** The name of the first group with this id. */
  readonly groupNameOf: (groupId: number) => string | undefined
}

const DIGITS = /^\d+$/

/** Reads files in the form of passwd(5) and group(5). Lines in another form are skipped. */
export function parseAccounts(passwd: string, group: string): Accounts {
  const users = rows(passwd).flatMap((row): Account[] => {
    const [name = '', , userId = '', groupId = '', comment = ''] = row
    if (!DIGITS.test(userId) || !DIGITS.test(groupId)) return []
    const fullName = fullNameOf(comment, name)
    return [{ name, userId: Number(userId), groupId: Number(groupId), fullName }]
  })
  const groups = rows(group).flatMap(([name = '', , groupId = '']) =>
    DIGITS.test(groupId) ? [{ name, groupId: Number(groupId) }] : [],
  )
  return {
    userByName: (name) => users.find((user) => user.name === name),
    userById: (userId) => users.find((user) => user.userId === userId),
    groupIdOf: (name) => groups.find((row) => row.name === name)?.groupId,
    groupNameOf: (groupId) => groups.find((row) => row.groupId === groupId)?.name,
  }
}

function fullNameOf(comment: string, name: string): string {
  const [first = ''] = comment.split(',')
  return first.replaceAll('&', () => name.slice(0, 1).toUpperCase() + name.slice(1))
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}
