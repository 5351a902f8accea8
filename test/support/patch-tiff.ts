/** Changes a value of a little-endian TIFF's first directory in place: the `index`th of a list of 16-bit values. */
export const patchTiff = (tiff: Buffer, tag: number, value: number, index = 0): Buffer => {
  const directory = tiff.readUInt32LE(4)
  for (let k = 0; k < tiff.readUInt16LE(directory); k++) {
    const at = directory + 2 + 12 * k
    if (tiff.readUInt16LE(at) !== tag) continue
    const from = tiff.readUInt32LE(at + 4) > 2 ? tiff.readUInt32LE(at + 8) : at + 8
    tiff.writeUInt16LE(value, from + 2 * index)
    return tiff
  }
  throw new Error(`The TIFF has no tag ${tag}`)
}
