const tokenEnv = 'IDEM_API_TOKEN'

/**
 * The request that made a prediction, for three kinds of people.
 *
 * @type {(request: { origin: string, model: string, input: object, withToken: boolean }) => Record<string, string>}
 */
export const snippets = ({ origin, model, input, withToken }) => {
  const url = `${origin}/v1/models/${model}/predictions`
  const json = JSON.stringify({ input }, null, 2)
  const pythonJson = json.replaceAll(': true', ': True').replaceAll(': false', ': False')
  return {
    curl: [
      `curl -s ${url} \\`,
      ...(withToken ? [`  -H "authorization: Bearer $${tokenEnv}" \\`] : []),
      "  -H 'content-type: application/json' \\",
      "  -H 'prefer: wait' \\",
      `  -d '${json.replaceAll("'", "'\\''")}'`,
    ].join('\n'),
    JavaScript: [
      `const response = await fetch('${url}', {`,
      "  method: 'POST',",
      '  headers: {',
      "    'content-type': 'application/json',",
      "    prefer: 'wait',",
      ...(withToken ? [`    authorization: \`Bearer \${process.env.${tokenEnv}}\`,`] : []),
      '  },',
      `  body: JSON.stringify(${json.replaceAll('\n', '\n  ')}),`,
      '})',
      'const prediction = await response.json()',
      'console.log(prediction.output, prediction.metrics.similarity)',
    ].join('\n'),
    Python: [
      `import json${withToken ? ', os' : ''}, urllib.request`,
      '',
      `body = ${pythonJson}`,
      'request = urllib.request.Request(',
      `    "${url}",`,
      '    data=json.dumps(body).encode(),',
      '    headers={',
      '        "content-type": "application/json",',
      '        "prefer": "wait",',
      ...(withToken ? [`        "authorization": "Bearer " + os.environ["${tokenEnv}"],`] : []),
      '    },',
      ')',
      'prediction = json.load(urllib.request.urlopen(request))',
      'print(prediction["output"], prediction["metrics"]["similarity"])',
    ].join('\n'),
  }
}
