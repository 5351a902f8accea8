const createGate = () => {
  let reach = () => {}
  let open = () => {}
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { reach: () => reach(), reached, open: () => open(), opened }
}

/** Holds work, by name, until a test lets it go on. Whether work or test comes first makes no difference. */
export const createGates = () => {
  const gates = new Map<string, ReturnType<typeof createGate>>()
  let allOpen = false
  const gateOf = (name: string) => {
    const gate = gates.get(name) ?? createGate()
    if (allOpen) gate.open()
    gates.set(name, gate)
    return gate
  }
  return {
    /** For the work: waits until its gate is open. */
    pass: async (name: string): Promise<void> => {
      gateOf(name).reach()
      await gateOf(name).opened
    },
    /** Waits until work has come to the gate. */
    reached: (name: string): Promise<void> => gateOf(name).reached,
    /** Lets work through that waits or is still to come. */
    open: (name: string): void => gateOf(name).open(),
    /** Lets all work through from now on. */
    openAll: (): void => {
      allOpen = true
      for (const gate of gates.values()) gate.open()
    },
  }
}
