export { deliverWebhook } from './deliver-webhook.ts'
export { embedFaces } from './embed-faces.ts'
export { generateFaces } from './generate-faces.ts'
