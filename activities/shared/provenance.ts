import { XMLParser } from 'fast-xml-parser'
import { type PngChunk, PngError, readChunks, writeChunks } from './png-chunks.ts'

/** Where an image comes from, as it is written into the image. */
export interface Provenance {
  /** Name and version of this software. */
  software: string
  /** Model that made the image. */
  model: string
  /** SHA-256 of the model bundle's manifest, in hex. */
  bundleSha256: string
  /** Unsigned 32-bit seed. */
  seed: number
  predictionId: string
}

/** An image does not say where it comes from, or says something else. */
class ProvenanceError extends Error {
  override name = 'ProvenanceError'
}

/** IPTC's term for what a model made from training on other media. */
export const DIGITAL_SOURCE_TYPE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'

/** Keyword of the chunk that holds an XMP packet: XMP specification, part 3, section 1.1.5. */
const KEYWORD = 'XML:com.adobe.xmp'
/** Chunks that could carry something of the input or of its camera. */
const METADATA = new Set(['eXIf', 'iCCP', 'iTXt', 'tEXt', 'zTXt', 'tIME'])

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
const attribute = (value: string | number) => {
  const text = String(value)
  // Readers turn line breaks in attributes into spaces, and other control characters are not allowed in XML.
  if (/\p{Cc}/u.test(text)) throw new ProvenanceError('A control character cannot be written into an image')
  return text.replace(/[&<>"']/g, (char) => escapes[char]!)
}

/** The XMP packet. Throws `ProvenanceError` for control characters. AISystemUsed and AISystemVersionUsed are of IPTC's Photo Metadata Standard 2025.1. */
const xmpPacket = ({ software, model, bundleSha256, seed, predictionId }: Provenance): string =>
  `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:idem="urn:idem:provenance:1/"
    xmp:CreatorTool="${attribute(software)}"
    Iptc4xmpExt:DigitalSourceType="${DIGITAL_SOURCE_TYPE}"
    Iptc4xmpExt:AISystemUsed="${attribute(model)}"
    Iptc4xmpExt:AISystemVersionUsed="${attribute(bundleSha256)}"
    idem:seed="${attribute(seed)}"
    idem:predictionId="${attribute(predictionId)}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`

/** iTXt: keyword, 0, not compressed, method 0, no language, no translated keyword, UTF-8 text. */
const xmpChunk = (packet: string): PngChunk => ({
  type: 'iTXt',
  data: new TextEncoder().encode(`${KEYWORD}\0\0\0\0\0${packet}`),
})

/** The PNG with its provenance before its pixels, and without any other metadata. Pixels are not touched. */
export const writeProvenance = (png: Uint8Array, provenance: Provenance): Uint8Array<ArrayBuffer> => {
  const [header, ...chunks] = readChunks(png)
  if (header?.type !== 'IHDR') throw new PngError('The PNG does not start with its header')
  return writeChunks([header, xmpChunk(xmpPacket(provenance)), ...chunks.filter(({ type }) => !METADATA.has(type))])
}

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', parseAttributeValue: false })

const textOf = (chunk: PngChunk): string | undefined => {
  const text = new TextDecoder().decode(chunk.data)
  const start = `${KEYWORD}\0\0\0\0\0`
  return chunk.type === 'iTXt' && text.startsWith(start) ? text.slice(start.length) : undefined
}

/**
 * The provenance in a PNG. Throws `PngError` if it is damaged, and `ProvenanceError` if it has none, has one that does not
 * say that a model made the image, or has other metadata.
 */
export const readProvenance = (png: Uint8Array): Provenance => {
  const metadata = readChunks(png).filter(({ type }) => METADATA.has(type))
  const packet = metadata[0] && textOf(metadata[0])
  if (packet === undefined) throw new ProvenanceError('The image has no provenance')
  if (metadata.length > 1) throw new ProvenanceError(`The image has other metadata: ${metadata[1]!.type}`)
  const description = parser.parse(packet)?.['x:xmpmeta']?.['rdf:RDF']?.['rdf:Description'] ?? {}
  const field = (name: string): string => {
    if (typeof description[name] === 'string' && description[name] !== '') return description[name]
    throw new ProvenanceError(`The provenance of the image has no ${name}`)
  }
  if (field('Iptc4xmpExt:DigitalSourceType') !== DIGITAL_SOURCE_TYPE) {
    throw new ProvenanceError('The provenance of the image does not state that a model made it')
  }
  return {
    software: field('xmp:CreatorTool'),
    model: field('Iptc4xmpExt:AISystemUsed'),
    bundleSha256: field('Iptc4xmpExt:AISystemVersionUsed'),
    seed: Number(field('idem:seed')),
    predictionId: field('idem:predictionId'),
  }
}

/** Marks a PNG and reads the mark back from the finished bytes; throws `ProvenanceError` if it differs. */
export const markImage = (png: Uint8Array, provenance: Provenance): Uint8Array<ArrayBuffer> => {
  const marked = writeProvenance(png, provenance)
  const read = readProvenance(marked)
  for (const name of Object.keys(provenance) as (keyof Provenance)[]) {
    if (read[name] !== provenance[name])
      throw new ProvenanceError(`The provenance of the image has a different ${name}`)
  }
  return marked
}
