/** A header that is one column was probably cut at a character that it does not use: guesses the one that it does. */

/** Other delimiters than the comma, and how to say so on the command line. */
const delimiters = [
  { character: ';', option: '--delimiter ";"' },
  { character: '\t', option: '--format tsv' },
  { character: '|', option: '--delimiter "|"' },
  { character: ',', option: '--delimiter ","' },
] as const

/** A sentence with the option to try, and a space behind it; nothing where several columns were seen. */
export function delimiterHint(header: readonly string[]): string {
  const [only = '', ...others] = header
  if (others.length > 0) return ''
  const [likeliest] = delimiters
    .map(({ character, option }) => ({ option, count: only.split(character).length - 1 }))
    .sort((left, right) => right.count - left.count)
  if (likeliest === undefined || likeliest.count === 0) return 'Only one column was seen. '
  return `Only one column was seen: is the delimiter another one? Try ${likeliest.option}. `
}
