/** The table with this entry set; the one given stays as it was. */
export function put<K, V>(table: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(table).set(key, value);
}

/** The table without this entry. */
export function drop<K, V>(table: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const rest = new Map(table);
  rest.delete(key);
  return rest;
}
