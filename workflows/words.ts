/** `1 image`, `4 images`: for what an operator reads in the Temporal UI. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
