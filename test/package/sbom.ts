/**
 * Writes the bill of materials of the package, from what `npm sbom` says of the lock file. The `--omit dev` of npm leaves out what a tool
 * for development needs as well, so each component is judged by its own mark.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Component {
  readonly 'bom-ref': string
  readonly properties?: readonly { readonly name: string }[]
}
interface Bom {
  readonly serialNumber: string
  readonly metadata: { readonly timestamp: string; readonly component: object }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

const { name } = JSON.parse(readFileSync('package.json', 'utf8'))
// Without number and time, the package of one commit has the same bytes each time.
const {
  serialNumber: _number,
  metadata,
  components,
  dependencies,
  ...bom
}: Bom = JSON.parse(readFileSync(0, 'utf8'))
const { timestamp: _time, component, ...made } = metadata
const shipped = components.filter(
  ({ properties = [] }) => !properties.some((each) => each.name === 'cdx:npm:package:development'),
)
const refs = new Set([
  'bom-ref' in component ? component['bom-ref'] : '',
  ...shipped.map((each) => each['bom-ref']),
])
const written = {
  ...bom,
  // npm takes the name of the folder.
  metadata: { ...made, component: { ...component, name } },
  components: shipped,
  dependencies: dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) })),
}
writeFileSync('sbom.cdx.json', `${JSON.stringify(written, null, 1)}\n`)
