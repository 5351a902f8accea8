import type { Hono } from 'hono'
import type { ApiEnv } from '../deps.ts'

/** The methods that some route takes at a path; empty where there is nothing at all. */
export const createAllowedMethods = (app: Hono<ApiEnv>) => {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>()
  for (const { method, path } of app.routes) {
    // Middleware.
    if (method === 'ALL') continue
    const source = path
      .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
      .replace(/:\w+\{[^}]*\}/g, '.+')
      .replace(/:\w+/g, '[^/]+')
    const route = routes.get(path) ?? { pattern: new RegExp(`^${source}$`), methods: new Set() }
    route.methods.add(method)
    if (method === 'GET') route.methods.add('HEAD')
    routes.set(path, route)
  }
  return (path: string): string[] => {
    const methods = [...routes.values()].flatMap((route) => (route.pattern.test(path) ? [...route.methods] : []))
    return [...new Set(methods)].sort()
  }
}
