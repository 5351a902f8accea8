import { hasGraphicsDevice, missingLibraries, missingProviderFiles, onnxruntime } from './provider-libraries.ts'

const wheel = () => `onnxruntime-gpu[cuda,cudnn]==${onnxruntime().version}`

const adviseCuda = async (provider: 'cuda' | 'tensorrt'): Promise<string[]> => {
  const { folder, version } = onnxruntime()
  const files = missingProviderFiles(provider)
  if (files.length > 0) {
    return [
      `${files.join(' and ')} of release ${version} must lie in ${folder}; they are in the folder onnxruntime/capi of the Python package onnxruntime-gpu (python3 -m pip install "${wheel()}", which brings CUDA 13 and cuDNN 9 along)`,
    ]
  }
  const missing = await missingLibraries(provider)
  const driver = missing.filter((name) => name.startsWith('libcuda.so'))
  const tensorrt = missing.filter((name) => name.startsWith('libnv') && !name.startsWith('libnvrtc'))
  const cuda = missing.filter((name) => !driver.includes(name) && !tensorrt.includes(name))
  return [
    ...driver.map(
      (name) => `${name} is not found: it comes with NVIDIA's driver, in a container with NVIDIA's toolkit`,
    ),
    ...(tensorrt.length > 0 ? [`${tensorrt.join(', ')} not found: install TensorRT 10 for CUDA 13`] : []),
    ...(cuda.length > 0
      ? [
          `${cuda.join(', ')} not found: install CUDA 13 and cuDNN 9 (python3 -m pip install "${wheel()}" brings them) and put their lib folders into LD_LIBRARY_PATH`,
        ]
      : []),
  ]
}

/** What a provider lacks on this machine and how to get it; empty where nothing is known to be missing. */
export const adviceFor = async (provider: string): Promise<string[]> => {
  if (provider === 'cuda' || provider === 'tensorrt') return adviseCuda(provider)
  if (provider !== 'webgpu') return []
  if (!hasGraphicsDevice()) return ['there is no graphics device: no /dev/dri/renderD*, no /dev/nvidia*']
  return process.platform === 'linux' ? ["WebGPU needs libvulkan.so.1 and the Vulkan driver of the device's maker"] : []
}
