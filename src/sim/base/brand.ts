declare const brand: unique symbol;

/** A scalar `T` that only its own parser can make; no cost at run time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
