/**
 * Every code that a row can carry, with what to do about it. `results`, `errors`, `summary.json` and `validate`
 * show these and nothing else; the texts never hold cell contents.
 */

export const errorTips = {
  // Refused here: the record
  E_COLUMNS: 'Give the row exactly as many cells as the header has; quote cells that contain the delimiter.',
  E_QUOTE: 'Put the whole cell in double quotes and double every quote inside it.',
  E_RAW_ROW: 'Put the cells of the row, whose text stands in its first cell, into their columns.',
  E_JSON: 'Write one complete JSON object per line.',
  E_NOT_OBJECT: 'Write a JSON object with the customer id and the fields to change.',
  E_DUPLICATE_KEY: 'Keep one of the two keys; which one was meant cannot be told.',
  E_NUMBER: 'Write the number as a string, or in its shortest form, and within 2^53.',
  E_DEPTH: 'Flatten the value; more than 32 levels are not accepted.',
  E_KEY: 'Rename or remove the key.',
  E_TOO_LARGE: 'Shorten the cell or the row.',
  // Refused here: the cell
  E_ID: 'Put the customer id that Rapyd shows into this cell: cus_ and letters or digits, without spaces.',
  E_UNKNOWN_FIELD:
    'Rename the key to a field of Update Customer, or set it aside with --ignore-columns or, in a mapping file, with ignore.',
  E_TYPE: 'Give the field a value of its type.',
  E_BLANK: 'Fill the cell, or run with --blank clear or --blank keep.',
  E_SUSPECT_BLANK:
    'Leave the cell empty to clear the field. If the text is meant, name it with --literal; if it means empty, with --null-values.',
  E_CONTROL_CHAR: 'Remove the control character.',
  E_NOT_WELL_FORMED: 'Replace the broken character (half of a surrogate pair).',
  E_EMAIL: 'Write an e-mail address such as name@example.com, at most 512 characters.',
  E_PHONE:
    'Write the number as E.164: a plus sign, country code and number, digits only. Format the column as text.',
  E_DATE: 'Write the date as DD/MM/YYYY, or in the form that the mapping file names.',
  E_COUNTRY: 'Write the two-letter country code of ISO 3166-1 in capitals, such as DE.',
  E_PAYMENT_METHOD: 'Use the id of a payment method that this customer already has: card_… or other_….',
  E_EWALLET: 'Use the id of a wallet: ewallet_….',
  E_TRANSFORM:
    'Write the cell so that the transform of the mapping file can read it, or change the transform.',
  E_MISSING_PART:
    'Give every key that the mapping file joins to this field; "" or null where a part is blank.',
  E_ADDRESS_GAP: 'Fill the address before it as well: addresses are numbered from 0 without gaps.',
  E_DUPLICATE_CUSTOMER: 'Leave one row for this customer, or run with --duplicates sequence.',
  E_REDO_ROW:
    'Keep rapyd_bulk_row as the errors file of that run has it, and each row once; update other rows in a run of their own.',
  E_NOT_PLANNED: 'Make another plan: the customer of this row could not be read for this one.',
  // Refused here: what the customer holds
  E_DRIFTED:
    'Somebody has changed the customer since the plan was made. Look at it, and make another plan for what is still meant.',
  E_CHANGED_SINCE:
    'Somebody has changed these fields after the run, so they were left as they are. Look at the customer.',
  E_NOT_RESTORABLE: 'Put it right in Rapyd by hand: Update Customer has no way to take this back.',
  // Refused by Rapyd
  E_CUSTOMER_NOT_FOUND: 'Correct the customer id, or remove the row.',
  E_CUSTOMER_NOT_HERE: 'Check that the id belongs to this environment and account.',
  E_API: 'Correct the field that the error names and send the row again.',
  E_FORBIDDEN: 'Ask whoever manages the Rapyd account whether this key may update customers.',
  E_BLOCKED:
    'Look for text like code, markup or a link in this row, which a firewall takes for an attack; if it is meant, ask Rapyd.',
  E_SIGNATURE_ROW: 'Look for unusual numbers or characters in this row and write them as plain text.',
  // Not applied, or nobody knows
  E_NETWORK: 'Send the row again with the same command.',
  E_TLS: 'Check the host name, the certificate and any proxy in between.',
  E_REDIRECT: 'Check --base-url: Rapyd does not redirect.',
  E_NOT_API: 'Check --base-url and any proxy or portal in between: the answer is not from the Rapyd API.',
  E_SERVER: 'Rapyd failed on this row. Look at the customer, then send the row again.',
  E_SERVER_REPLAYED: 'Rapyd repeats its first answer. Send the row in a new run, which has a new key.',
  E_BAD_RESPONSE: 'Look at the customer in Rapyd, then send the row again if the change is missing.',
  E_NOT_IDEMPOTENT:
    'Look at the customer in Rapyd: addresses and coupons are not sent twice on suspicion. Send again if the change is missing.',
  E_IN_DOUBT: 'Look at the customer in Rapyd, then send the row again if the change is missing.',
  E_WRONG_CUSTOMER: 'Rapyd answered for another customer. Report the operation id to Rapyd before going on.',
  // Not attempted
  E_AUTH: 'Check the keys, then run the same command again.',
  E_CLOCK: 'Set this machine’s clock, then run the same command again.',
  E_EARLIER_ROW:
    'An earlier row of this customer did not end well. Settle that one first, then send this one.',
  E_REMOTE_DOWN: 'Wait until Rapyd can be reached, then run the same command again: it goes on here.',
  E_QUOTA: 'Ask who else uses this account, wait, then run the same command again: it goes on here.',
  E_MAX_ERRORS: 'Look at the other errors first; then run the same command again: it goes on here.',
  E_STOPPED: 'Run the same command again: it goes on here.',
  E_STILL_RUNNING: 'Wait until the run has ended, then write its report again.',
  E_NOT_REACHED: 'Run the same command without --limit: it goes on here.',
} as const satisfies Record<`E_${string}`, string>

/** For messages that know more than their code. */
const messageTips: ReadonlyMap<string, string> = new Map([
  [
    'a phone number that a spreadsheet has shortened',
    'Export again with the column formatted as text: the digits that the spreadsheet left out are lost.',
  ],
  [
    'a phone number of digits alone: its plus sign, a zero or its country code is missing',
    'Export again with the column formatted as text. If every number has its country code, put the plus sign in front; if none has, name the country in a mapping file: transform: { phone: US }.',
  ],
  [
    'a phone number with 00 in the place of the plus sign',
    'Write a plus sign in the place of 00, or name the country in a mapping file: transform: { phone: DE }.',
  ],
  [
    'a phone number with signs between its digits',
    'Write the number as E.164, digits only behind the plus sign; `validate --fix` does it, and so does transform: { phone: US } in a mapping file.',
  ],
  [
    'a number, as spreadsheets keep dates',
    'Format the column as DD/MM/YYYY in the spreadsheet, and export again.',
  ],
  [
    'not a customer id: it is blank',
    'Put the customer id that Rapyd shows into this cell, or remove the row.',
  ],
  [
    'not a customer id: spaces stand around it',
    'Remove the spaces in front of the id and behind it; `validate --fix` does it.',
  ],
  [
    'not a customer id: an id of another kind',
    'Put the id of the customer into this cell: cus_ and letters or digits. Other ids of Rapyd do not name one.',
  ],
  [
    'not a customer id: a number or date, as of a spreadsheet or another system',
    'Put the customer id that Rapyd shows into this cell; the number of another system names no customer there.',
  ],
])

/** What to do about a row's problem. */
export function tipOf(code: ErrorCode, message: string): string {
  // Behind the message of the first problem, the others are named.
  return messageTips.get(message.split('; also ', 1)[0] ?? '') ?? errorTips[code]
}

export type ErrorCode = keyof typeof errorTips

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTips, text)
}
