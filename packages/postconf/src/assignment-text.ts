import { foldWords, wordsOf } from './fold-words.ts'

/** How `name = value` is printed. */
export interface AssignmentStyle {
  /** `-f`: at most 80 columns, where words allow it. */
  readonly isFolded: boolean
  /** `-h` and `-H` */
  readonly parts: 'both' | 'names' | 'values'
}

/** `name = value`, each run of white space in the value as one blank (G-36). */
export function assignmentText(name: string, value: string, style: AssignmentStyle): string {
  if (style.parts === 'names') return name
  const start = style.parts === 'values' ? '' : `${name} =`
  const words = wordsOf(value)
  if (style.isFolded) return foldWords(start, words)
  return [...(start === '' ? [] : [start]), ...words].join(' ')
}
