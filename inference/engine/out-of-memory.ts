import { failures } from '../../contracts/failures.ts'

// In the words of onnxruntime and its arena, the C++ library, CUDA, cuDNN and cuBLAS.
const words =
  /out of memory|out_of_memory|bad_alloc|failed to allocate|allocation failed|alloc_failed|available memory of/i

/** The device cannot hold what it was given, not even one row. */
export class OutOfMemory extends Error {
  override name = 'OutOfMemory'
  readonly type = failures.outOfMemory
  readonly retryable = true
}

export const isOutOfMemory = (error: unknown): boolean => error instanceof Error && words.test(error.message)
