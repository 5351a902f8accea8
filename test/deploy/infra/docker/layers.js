// Prints the layers of an image in an OCI folder, unpacked and as sent, and what made each of them. Fails where those on
// top of the base are larger than we want them to be.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Of our own layers, unpacked. */
const mostBytes = 350e6
const [folder] = process.argv.slice(2)
const blob = ({ digest }) => join(folder, 'blobs', digest.replace(':', '/'))
const json = (of) => JSON.parse(readFileSync(blob(of), 'utf8'))
const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

const [manifest] = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')).manifests
const { config, layers } = json(manifest)
const made = json(config).history.filter(({ empty_layer }) => !empty_layer)
const sizes = layers.map((layer) => ({
  sent: statSync(blob(layer)).size,
  unpacked: gunzipSync(readFileSync(blob(layer))).length,
}))
for (const [nth, { unpacked, sent }] of sizes.entries()) {
  console.log(`layer ${nth}: ${mb(unpacked)} unpacked, ${mb(sent)} sent: ${made[nth]?.created_by?.slice(0, 120)}`)
}
const own = sizes.slice(1)
const sum = (key) => own.reduce((total, size) => total + size[key], 0)
console.log(`own layers: ${mb(sum('unpacked'))} unpacked, ${mb(sum('sent'))} sent`)
if (sum('unpacked') > mostBytes) {
  console.error(`more than ${mb(mostBytes)}`)
  process.exitCode = 1
}
