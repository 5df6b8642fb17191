package api

// Routes gives the routes to tests: method and path of each.
func Routes() [][2]string {
	var out [][2]string
	for _, rt := range table() {
		out = append(out, [2]string{rt.method, rt.path})
	}
	return out
}
