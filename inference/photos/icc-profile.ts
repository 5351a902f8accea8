// ICC.1:2022. Only matrix profiles can be sRGB as it is meant here: a table may do anything.
const COLORANTS = {
  // Red, green and blue of IEC 61966-2-1, adapted to the profile connection space's D50.
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7139],
} as const
const CURVES = ['rTRC', 'gTRC', 'bTRC'] as const
const TABLES = ['A2B0', 'A2B1'] as const

// Half a level of 8 bits would be 0.002 in a curve; profiles round, and some have tables of few entries.
const colorantTolerance = 0.003
const curveTolerance = 0.005
const samples = 32

const srgbCurve = (x: number): number => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)

type Curve = (x: number) => number

const fixed = (view: DataView, at: number): number => view.getInt32(at) / 65536

const parametric = (type: number, p: readonly number[]): Curve => {
  const [gamma = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = p
  if (type === 0) return (x) => x ** gamma
  if (type === 1) return (x) => (x >= -b / a ? (a * x + b) ** gamma : 0)
  if (type === 2) return (x) => (x >= -b / a ? (a * x + b) ** gamma + c : c)
  return (x) => (x >= d ? (a * x + b) ** gamma + e : c * x + f)
}

const readCurve = (view: DataView, at: number): Curve => {
  const type = view.getUint32(at)
  if (type === 0x70617261) {
    const kind = view.getUint16(at + 8)
    const count = [1, 3, 4, 5, 7][kind]
    if (!count) throw new RangeError('An unknown curve')
    return parametric(
      kind,
      Array.from({ length: count }, (_, k) => fixed(view, at + 12 + 4 * k)),
    )
  }
  if (type !== 0x63757276) throw new RangeError('Not a curve')
  const count = view.getUint32(at + 8)
  if (count === 0) return (x) => x
  if (count === 1) {
    const gamma = view.getUint16(at + 12) / 256
    return (x) => x ** gamma
  }
  const entry = (k: number) => view.getUint16(at + 12 + 2 * k) / 65535
  return (x) => {
    const place = x * (count - 1)
    const k = Math.min(Math.floor(place), count - 2)
    return entry(k) + (entry(k + 1) - entry(k)) * (place - k)
  }
}

const readTags = (view: DataView): Map<string, number> => {
  const tags = new Map<string, number>()
  for (let k = 0, count = Math.min(view.getUint32(128), 100); k < count; k++) {
    const at = 132 + 12 * k
    const name = String.fromCharCode(...[0, 1, 2, 3].map((offset) => view.getUint8(at + offset)))
    tags.set(name, view.getUint32(at + 4))
  }
  return tags
}

/**
 * Whether a profile's colours are sRGB, by its primaries and curves: names lie. Such a photo needs no conversion, which
 * would cost as much as decoding and change values by rounding. False also for a profile that cannot be read.
 */
export const isSrgbProfile = (icc: Uint8Array): boolean => {
  const view = new DataView(icc.buffer, icc.byteOffset, icc.byteLength)
  try {
    const tags = readTags(view)
    if (TABLES.some((name) => tags.has(name))) return false
    const sameColorants = Object.entries(COLORANTS).every(([name, xyz]) => {
      const at = tags.get(name)
      return at && xyz.every((value, k) => Math.abs(fixed(view, at + 8 + 4 * k) - value) < colorantTolerance)
    })
    if (!sameColorants) return false
    return CURVES.every((name) => {
      const at = tags.get(name)
      if (!at) return false
      const curve = readCurve(view, at)
      return Array.from({ length: samples + 1 }, (_, k) => k / samples).every(
        (x) => Math.abs(curve(x) - srgbCurve(x)) < curveTolerance,
      )
    })
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
