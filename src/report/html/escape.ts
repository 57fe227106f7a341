/** Texts of others in the page: as HTML, and as JSON inside a script element. */
import { printable } from '../../model/text.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** For element content and quoted attributes. What would turn the direction of text is shown instead of obeyed. */
export function html(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/**
 * Makes JSON safe inside a script element: no `</script>` and no `<!--` can end it or change how it is read. These
 * characters occur only inside JSON's strings, where the escape means the same.
 */
export function insideScript(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
