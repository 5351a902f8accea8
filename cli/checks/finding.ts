import { explain } from '../../lib/explain.ts'

/** `note`: missing, but not always needed. `gap`: Idem cannot work with this configuration. */
export type FindingStatus = 'ok' | 'note' | 'gap'

export interface Finding {
  check: string
  status: FindingStatus
  what: string
  /** How to fix it. */
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

/** Runs the checks one by one, so that they do not disturb each other's measurements. A check that throws is a gap. */
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
