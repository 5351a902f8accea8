// Temporal loads this by path, by require() in Node and by its bundler for workflows: hence CommonJS.
const { DefaultFailureConverter } = require('@temporalio/common')

/** Puts messages and stack traces of failures into payloads, so that the codec encrypts them too. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true })
