package pages

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/record"
)

// refusedView are the imports that refused something.
type refusedView struct{ Runs []refusedRun }

// refusedRun is one of them.
type refusedRun struct {
	record.ImportRun
	Mended  int
	Reasons []reasonCount
	Unkept  int // that were refused too, and are not kept one by one
}

// reasonCount is how often something was refused for a reason.
type reasonCount struct {
	Reason string
	N      int
}

// refusals answers GET /admin/refused.
func (c *call) refusals() (*page, error) {
	runs, err := c.view.Refused(c.ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	v := &refusedView{}
	for i := range runs {
		v.Runs = append(v.Runs, refusedRunOf(&runs[i]))
	}
	return &page{name: "refused", view: v}, nil
}

// refusedRunOf counts a run's refusals by reason, the commonest first.
func refusedRunOf(run *record.ImportRun) refusedRun {
	out := refusedRun{ImportRun: *run, Unkept: run.Refused - len(run.Refusals)}
	counts := map[string]int{}
	for _, r := range run.Refusals {
		counts[r.Reason]++
		if !r.Mended.IsZero() {
			out.Mended++
		}
	}
	for reason, n := range counts {
		out.Reasons = append(out.Reasons, reasonCount{reason, n})
	}
	slices.SortFunc(out.Reasons, func(a, b reasonCount) int { return cmp.Or(b.N-a.N, strings.Compare(a.Reason, b.Reason)) })
	return out
}

// refusedRun returns the run in the address.
func (c *call) refusedRun() (*refusedRun, error) {
	runs, err := c.view.Refused(c.ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	for i := range runs {
		if strconv.FormatInt(runs[i].ID, 10) == c.r.PathValue("run") {
			run := refusedRunOf(&runs[i])
			return &run, nil
		}
	}
	return nil, errAbsent
}

// refusedLines is how many lines of a run a page shows.
const refusedLines = 500

// refusedPage answers GET /admin/refused/{run}.
func (c *call) refusedPage() (*page, error) {
	run, err := c.refusedRun()
	if err != nil {
		return nil, err
	}
	run.Unkept = run.Refused - min(len(run.Refusals), refusedLines)
	run.Refusals = run.Refusals[:min(len(run.Refusals), refusedLines)]
	return &page{name: "refusedrun", view: run}, nil
}

// refusedFile answers GET /admin/refused/{run}/csv.
func (c *call) refusedFile() (*page, error) {
	run, err := c.refusedRun()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{{"file", "line", "entry", "reason", "mended"}}
	for _, r := range run.Refusals {
		mended := ""
		if !r.Mended.IsZero() {
			mended = r.Mended.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{inert(r.File), strconv.Itoa(r.Line), strconv.Itoa(r.Entry), inert(r.Reason), mended})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write what was refused: %w", err)
	}
	c.w.Header().Set("Content-Disposition", `attachment; filename="refused-`+strconv.FormatInt(run.ID, 10)+`.csv"`)
	return &page{text: b.String(), media: "text/csv; charset=utf-8; header=present"}, nil
}

// inert is a cell that no spreadsheet takes for a formula.
func inert(text string) string {
	if strings.HasPrefix(text, "'") || text != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(text[0])) {
		return "'" + text
	}
	return text
}
