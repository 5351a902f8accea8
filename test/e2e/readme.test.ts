import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { textOf } from '../support/repository.ts'
import { startShell } from '../support/shell.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'

/** The commands that the README shows for a running `npm start`, a script each. */
const [request, generate] = /^```sh\n(echo [\s\S]*?)\n```$/m.exec(textOf('README.md'))![1]!.split('\n\n')

let stack: TestStack
let shell: ReturnType<typeof startShell>
beforeAll(async () => {
  stack = await startTestStack()
  shell = startShell({ ...process.env, IDEM_STATE: stack.stateDir })
})
afterAll(async () => {
  await shell?.close()
  await stack?.stop()
})

it('the request in the README makes images', async () => {
  const answer = JSON.parse(await shell.run(request!.replace('http://127.0.0.1:8787', stack.apiUrl)))
  expect(answer).toMatchObject({ status: 'succeeded', output: [expect.any(String), expect.any(String)] })
})

it('the command in the README saves images', async () => {
  const out = join(stack.stateDir, 'out')
  await shell.run(generate!.replace('-o out/', `-o ${out}`))
  expect((await readdir(out)).filter((name) => name.endsWith('.png'))).toHaveLength(2)
})
