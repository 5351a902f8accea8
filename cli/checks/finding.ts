import { explain } from '../../lib/explain.ts'

/** `note` is something that not everybody needs; `gap` keeps Idem from working as it is configured. */
export type FindingStatus = 'ok' | 'note' | 'gap'

export interface Finding {
  check: string
  status: FindingStatus
  what: string
  /** What to do about it. */
  advice?: readonly string[]
}

export type Check = () => Promise<Finding | readonly Finding[]>

export const ok = (check: string, what: string): Finding => ({ check, status: 'ok', what })
export const note = (check: string, what: string, ...advice: string[]): Finding => ({
  check,
  status: 'note',
  what,
  advice,
})
export const gap = (check: string, what: string, ...advice: string[]): Finding => ({
  check,
  status: 'gap',
  what,
  advice,
})

/** Runs the checks one after the other, so that none slows another's measurement. One that throws is a gap. */
export const runChecks = async (
  checks: Readonly<Record<string, Check>>,
  onFinding: (finding: Finding) => void = () => undefined,
): Promise<Finding[]> => {
  const findings: Finding[] = []
  for (const [name, check] of Object.entries(checks)) {
    const found = await check().catch((error) => gap(name, explain(error)))
    for (const finding of [found].flat()) {
      findings.push(finding)
      onFinding(finding)
    }
  }
  return findings
}
