package datasets

// Spread takes n of a list at equal distances, in their order; all of them when n is 0 or there are no more. The first n would not
// do: files are often sorted, by class or by length.
func Spread[T any](list []T, n int) []T {
	if n <= 0 || n >= len(list) {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}

// Between takes those that Spread leaves out, in their order.
func Between[T any](list []T, n int) (out []T) {
	if n <= 0 || n >= len(list) {
		return nil
	}
	taken := 0
	for i, e := range list {
		if taken < n && i == taken*len(list)/n {
			taken++
			continue
		}
		out = append(out, e)
	}
	return out
}
