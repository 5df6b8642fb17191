// Command report reads the output of go test -json and prints what a person
// wants to see of it: the output of every failed test, a line a package, why
// tests were passed over, and at the end how many passed and failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action, Package, Test, Output, ImportPath string
}

func main() {
	also := flag.Int("also-failed", 0, "steps outside go test that failed")
	flag.Parse()

	output := map[string][]string{} // by package and test
	passed, failed, skipped := 0, *also, 0
	ended := map[string]bool{} // tests that did
	failedIn, built := map[string]int{}, map[string]bool{}
	var summary, failures []string
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			failures = append(failures, in.Text()) // a message of the go command itself
			continue
		}
		key := e.Package + e.ImportPath + " " + e.Test
		ended[key] = e.Test != "" && (e.Action == "pass" || e.Action == "skip" || e.Action == "fail")
		switch e.Action {
		case "output", "build-output":
			output[key] = append(output[key], e.Output)
			if e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "FAIL\t")) {
				summary = append(summary, strings.TrimRight(e.Output, "\n"))
			}
		case "build-fail":
			failed++
			built[strings.Fields(e.ImportPath)[0]] = true // the package fails too, for the same reason
			failures = append(failures, strings.Join(output[key], ""))
		case "pass":
			if e.Test != "" {
				passed++
			}
		case "skip":
			if e.Test != "" {
				skipped++
				summary = append(summary, "skip "+key+": "+reason(output[key]))
			}
		case "fail":
			if e.Test != "" {
				failed++
				failures = append(failures, strings.Join(output[key], ""))
				failedIn[e.Package]++
			} else if failedIn[e.Package] == 0 && !built[e.Package] {
				failed++ // a package that failed outside any test: a panic, a time-out
				for _, k := range slices.Sorted(maps.Keys(output)) {
					if strings.HasPrefix(k, e.Package+" ") && !ended[k] {
						failures = append(failures, strings.Join(output[k], ""))
					}
				}
			}
		}
	}
	if err := in.Err(); err != nil {
		fmt.Println("report:", err)
		failed++
	}
	for _, f := range failures {
		fmt.Println(strings.TrimRight(f, "\n"))
	}
	for _, s := range summary {
		fmt.Println(s)
	}
	if passed == 0 {
		failed++
		fmt.Println("no test ran")
	}
	fmt.Printf("%d skipped\n%d passed, %d failed\n", skipped, passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func reason(lines []string) string {
	for _, l := range lines {
		if _, why, ok := strings.Cut(l, "_test.go:"); ok {
			_, why, _ = strings.Cut(why, ": ")
			return strings.TrimSpace(why)
		}
	}
	return "no reason given"
}
