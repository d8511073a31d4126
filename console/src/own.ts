/**
 * The value of a name in a dictionary; undefined if it has none.
 *
 * Names come from people and files, and `dictionary["constructor"]` is what every object inherits.
 */
export function own<T>(dictionary: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(dictionary, name) ? dictionary[name] : undefined;
}
