interface Box {
  readonly type: string
  /** After length and type. */
  readonly body: DataView
}

/** The boxes of a piece of an ISO base media file (ISO/IEC 14496-12, 4.2). Throws a RangeError where they end too early. */
const boxes = function* (view: DataView): Generator<Box> {
  for (let at = 0; at + 8 <= view.byteLength; ) {
    let header = 8
    let length = view.getUint32(at)
    if (length === 1) {
      header = 16
      length = Number(view.getBigUint64(at + 8))
    } else if (length === 0) length = view.byteLength - at
    if (length < header) throw new RangeError('A box is shorter than its header')
    const type = String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(at + offset)))
    yield { type, body: inner(view, at + header, Math.min(length - header, view.byteLength - at - header)) }
    at += length
  }
}

const inner = (view: DataView, offset: number, length = view.byteLength - offset): DataView =>
  new DataView(view.buffer, view.byteOffset + offset, length)

const find = (view: DataView, type: string): DataView => {
  for (const box of boxes(view)) if (box.type === type) return box.body
  throw new RangeError(`There is no box ${type}`)
}

/** The types of the primary item's properties (ISO/IEC 23008-12, 9.3). */
const primaryProperties = (file: DataView): string[] => {
  const meta = inner(find(file, 'meta'), 4)
  const pitm = find(meta, 'pitm')
  const primary = pitm.getUint8(0) === 0 ? pitm.getUint16(4) : pitm.getUint32(4)
  const iprp = find(meta, 'iprp')
  const types = [...boxes(find(iprp, 'ipco'))].map(({ type }) => type)
  const ipma = find(iprp, 'ipma')
  const [idBytes, indexBytes] = [ipma.getUint8(0) === 0 ? 2 : 4, ipma.getUint8(3) & 1 ? 2 : 1]
  let at = 8
  for (let entries = ipma.getUint32(4); entries > 0; entries--) {
    const item = idBytes === 2 ? ipma.getUint16(at) : ipma.getUint32(at)
    const count = ipma.getUint8(at + idBytes)
    at += idBytes + 1
    const read = (k: number) => (indexBytes === 2 ? ipma.getUint16(at + 2 * k) & 0x7fff : ipma.getUint8(at + k) & 0x7f)
    if (item === primary) return Array.from({ length: count }, (_, k) => types[read(k) - 1] ?? '')
    at += count * indexBytes
  }
  return []
}

/**
 * Whether a HEIC or AVIF file itself says how its picture is turned or mirrored. An EXIF orientation beside that says the
 * same and must be ignored; some programs write only that one. True also where the file cannot be read.
 */
export const isOrientedByFile = (bytes: Uint8Array): boolean => {
  try {
    const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return primaryProperties(file).some((type) => type === 'irot' || type === 'imir')
  } catch (error) {
    if (error instanceof RangeError) return true
    throw error
  }
}
