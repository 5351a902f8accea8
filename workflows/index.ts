export { generateFaces } from './generate-faces.ts'
