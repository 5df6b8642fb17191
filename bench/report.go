package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// report keeps a line, with its goal, and prints it.
func (b *bench) report(l line) {
	if g, ok := goals[l.Name]; ok && b.audit == "on" {
		l.Gate, l.Goal = g[0], g[1]
		if b.backend == "postgres" {
			l.Gate, l.Goal = g[2], g[3]
		}
	}
	if l.Name == "" {
		return // a warming round
	}
	b.lines = append(b.lines, l)
	if l.figure() {
		fmt.Printf("%-8s audit %-3s %7d  %-50s %9.0f\n", l.Backend, l.Audit, l.Resources, l.Name, l.Rate)
		return
	}
	fmt.Printf("%-8s audit %-3s %7d  %-50s %9.0f %-9s p50 %7.2f p99 %7.2f ms  checked %d wrong %d  cores %.1f+%.1f, others %.1f, %.0f µs each  %4.0f MB\n",
		l.Backend, l.Audit, l.Resources, l.Name, l.Rate, l.Unit+"/s", l.P50, l.P99, l.Checked, l.Wrong, l.ServerCPU, l.ClientCPU, l.OtherCPU, l.ServerCPU/max(l.Rate, 1)*1e6, l.RSS)
	if l.FirstWrong != "" {
		fmt.Printf("         WRONG: %s\n", l.FirstWrong)
	}
}

// result is the whole of a run as it is written to a file.
type result struct {
	When      string `json:"when"`
	Machine   string `json:"machine"`
	Mode      string `json:"mode"`
	Version   string `json:"version"`
	Lines     []line `json:"lines"`
	BundleSum int    `json:"bundle_resources"`
}

// smaller says for which lines less is better.
func smaller(name string) bool {
	return name == lineDisk || name == lineStart || name == lineMemory
}

// figure reports whether a line is one number, and no rate of requests.
func (l line) figure() bool { return smaller(l.Name) || l.Unit == "MB" }

// verdict is how a line stands to its gate and goal.
func (l line) verdict() string {
	switch reached := func(than float64) bool {
		if smaller(l.Name) {
			return l.Rate <= than
		}
		return l.Rate >= than
	}; {
	case l.Wrong > 0:
		return "wrong answers"
	case l.Gate == 0:
		return ""
	case reached(l.Goal):
		return "goal"
	case reached(l.Gate):
		return "gate"
	default:
		return "short"
	}
}

func (r result) writeJSON(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

const figuresBegin, figuresEnd = "<!-- figures: begin, written by make bench -->", "<!-- figures: end -->"

// between puts a text between two marks in a document.
func between(path, begin, end, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no marks for the figures", path)
	}
	return os.WriteFile(path, []byte(before+begin+"\n\n"+text+"\n"+end+after), 0o644)
}

func (r result) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured %s on %s; %s run of %s.\n", r.When, r.Machine, r.Mode, r.Version)
	for _, backend := range []string{"sqlite", "postgres"} {
		for _, audit := range []string{"on", "off"} {
			r.table(&b, backend, audit)
		}
	}
	r.growth(&b)
	return b.String()
}

// growth sets the lines that were measured at more than one size side by side.
func (r result) growth(b *strings.Builder) {
	head := false
	for i, first := range r.Lines {
		if first.Audit != "on" || first.Connections == 0 {
			continue
		}
		var last *line
		for j := range r.Lines[:i] {
			if r.Lines[j].Backend == first.Backend && r.Lines[j].Name == first.Name && r.Lines[j].Audit == "on" {
				last = nil
				first.Name = "" // it was shown with its first size
			}
		}
		for j := range r.Lines[i+1:] {
			if l := &r.Lines[i+1+j]; l.Backend == first.Backend && l.Name == first.Name && l.Audit == "on" && last == nil {
				last = l
			}
		}
		if last == nil || first.Rate == 0 {
			continue
		}
		if !head {
			head = true
			fmt.Fprintf(b, "\n### From the smaller database to the larger\n\n| line | | resources | rate | p99 ms | resources | rate | p99 ms | kept |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %.2f | %s | %s | %.2f | %.0f %% |\n", strings.ReplaceAll(first.Name, "|", "\\|"), first.Backend,
			number(float64(first.Resources)), number(first.Rate), first.P99, number(float64(last.Resources)), number(last.Rate), last.P99, 100*last.Rate/first.Rate)
	}
}

func (r result) table(b *strings.Builder, backend, audit string) {
	title := map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[backend]
	head := false
	for _, l := range r.Lines {
		if l.Backend != backend || l.Audit != audit {
			continue
		}
		if !head {
			head = true
			fmt.Fprintf(b, "\n### %s, audit %s\n\n| line | resources held | connections | rate | p50 / p99 ms | checked / wrong | cores server + client, others | server MB | gate / goal | stands |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n", title, audit)
		}
		goal := ""
		if l.Gate > 0 {
			goal = fmt.Sprintf("%s / %s", number(l.Gate), number(l.Goal))
		}
		if l.figure() {
			fmt.Fprintf(b, "| %s | %s | | %s | | | | | %s | %s |\n", l.Name, number(float64(l.Resources)), number(l.Rate), goal, l.verdict())
			continue
		}
		unit := "/s"
		switch {
		case l.Unit == "resources":
			unit = " res/s"
		}
		connections := ""
		if l.Connections > 0 {
			connections = fmt.Sprint(l.Connections)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s%s | %.2f / %.2f | %d / %d | %.1f + %.1f, %.1f | %.0f | %s | %s |\n",
			strings.ReplaceAll(l.Name, "|", "\\|"), number(float64(l.Resources)), connections, number(l.Rate), unit, l.P50, l.P99, l.Checked, l.Wrong, l.ServerCPU, l.ClientCPU, l.OtherCPU, l.RSS, goal, l.verdict())
	}
}

// number writes thousands with a comma.
func number(f float64) string {
	s := fmt.Sprintf("%.0f", f)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
