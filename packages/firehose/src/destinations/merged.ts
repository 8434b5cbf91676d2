/** What stands, with what an update names in its place. */
export function merged<T extends object>(present: T, update: Partial<T>): T {
  return { ...present, ...Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined)) };
}
