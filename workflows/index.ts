export { embedFaces } from './embed-faces.ts'
export { generateFaces } from './generate-faces.ts'
