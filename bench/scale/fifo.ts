/** First in, first out; a shift costs the same however long it is. */
export const createFifo = <T>() => {
  const items: T[] = []
  let head = 0
  return {
    get length() {
      return items.length - head
    },
    push: (item: T) => {
      items.push(item)
    },
    shift: (): T | undefined => {
      if (head === items.length) return undefined
      const item = items[head++]
      if (head > 10_000 && head * 2 > items.length) {
        items.splice(0, head)
        head = 0
      }
      return item
    },
  }
}
