/** undici has types for its whole, of which the client is a part that can be loaded alone. */
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici'
}
