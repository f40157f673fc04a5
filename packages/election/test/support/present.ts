/** The value, where the test knows that there is one. */
export const present = <A>(value: A | undefined): A => {
  if (value === undefined) throw new Error("expected a value")
  return value
}
