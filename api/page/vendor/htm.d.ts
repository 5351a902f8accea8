declare const htm: { bind<H>(h: H): (strings: TemplateStringsArray, ...values: unknown[]) => object }
export default htm
