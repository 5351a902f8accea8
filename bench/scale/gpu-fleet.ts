import type { BatchModel } from './batch-speed.ts'
import type { Clock } from './clock.ts'
import { createFifo } from './fifo.ts'
import { createSharedWorker, type SharedWorker } from './shared-worker.ts'

export interface GpuJob {
  readonly images: number
  /** Of work left, as if it were alone. */
  readonly seconds: number
  readonly onStart: () => void
  readonly onDone: () => void
}

export interface FleetOptions {
  readonly slots: number
  readonly batch: BatchModel
  /** From being asked for to taking tasks. */
  readonly startSeconds: number
  readonly random: () => number
}

interface Member {
  readonly worker: SharedWorker
  readonly askedAt: number
  up: boolean
  gone: boolean
  idleSince: number
  readonly jobs: Set<GpuJob>
}

/** The gpu queue and its workers. A task goes to any free slot, as pollers of a queue get theirs. */
export const createFleet = (clock: Clock, { slots, batch, startSeconds, random }: FleetOptions) => {
  const members: Member[] = []
  const queue = createFifo<GpuJob>()
  /** Each free slot once; those of workers that are gone are dropped when they come up. */
  const free: Member[] = []
  let heldBefore = 0
  let busyBefore = 0
  let busiest = 0

  const takeFree = (): Member | undefined => {
    while (free.length > 0) {
      const k = Math.floor(random() * free.length)
      const member = free[k]!
      const last = free.pop()!
      if (k < free.length) free[k] = last
      if (!member.gone) return member
    }
    return undefined
  }
  const assign = () => {
    while (queue.length > 0) {
      const member = takeFree()
      if (!member) return
      const job = queue.shift()!
      member.jobs.add(job)
      job.onStart()
      member.worker.start({
        images: job.images,
        seconds: job.seconds,
        done: () => {
          member.jobs.delete(job)
          if (member.jobs.size === 0) member.idleSince = clock.now
          if (!member.gone) free.push(member)
          job.onDone()
          assign()
        },
      })
    }
  }
  const ask = () => {
    const worker = createSharedWorker(clock, batch)
    const member: Member = { worker, askedAt: clock.now, up: false, gone: false, idleSince: 0, jobs: new Set() }
    members.push(member)
    busiest = Math.max(busiest, members.length)
    clock.after(startSeconds, () => {
      if (member.gone) return
      member.up = true
      member.idleSince = clock.now
      for (let slot = 0; slot < slots; slot++) free.push(member)
      assign()
    })
  }
  /** Hands its jobs back: another worker goes on where they were. */
  const remove = (member: Member) => {
    members.splice(members.indexOf(member), 1)
    member.gone = true
    heldBefore += clock.now - member.askedAt
    busyBefore += member.worker.busySeconds()
    const left = member.worker.stop()
    const jobs = [...member.jobs]
    jobs.forEach((job, k) => {
      queue.push({ ...job, seconds: left[k]!, onStart: () => undefined })
    })
    assign()
  }

  return {
    /** Tasks that wait. */
    get backlog() {
      return queue.length
    },
    get workers() {
      return members.length
    },
    get up() {
      return members.reduce((sum, { up }) => sum + Number(up), 0)
    },
    get busiest() {
      return busiest
    },
    add: (job: GpuJob) => {
      queue.push(job)
      assign()
    },
    /** Those that start yet go first, then the newest. */
    resize: (wanted: number) => {
      while (members.length < wanted) ask()
      while (members.length > wanted) remove(members.findLast(({ up }) => !up) ?? members.at(-1)!)
    },
    /** How long the only worker has had nothing to do; undefined while it starts or works. */
    idleSeconds: (): number | undefined => {
      const [member] = members
      return member?.up && member.jobs.size === 0 ? clock.now - member.idleSince : undefined
    },
    /** Worker seconds so far: held, from being asked for on, and with work. */
    usage: () => ({
      held: members.reduce((sum, { askedAt }) => sum + clock.now - askedAt, heldBefore),
      busy: members.reduce((sum, { worker }) => sum + worker.busySeconds(), busyBefore),
    }),
  }
}

export type Fleet = ReturnType<typeof createFleet>
