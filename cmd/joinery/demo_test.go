package main

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record/access"
)

// TestTheWeeksOfADemonstration makes a demonstration up to a day in winter and one
// in summer, and looks at what the weeks before left: hardly anything was refused,
// lists have work, the funnels moved, the resident has something to look at.
func TestTheWeeksOfADemonstration(t *testing.T) {
	days := []string{"2026-02-09 11:30"}
	if *long {
		days = append(days, "2026-07-05 23:10", "2026-11-25 17:00", "2027-01-01 08:00")
	}
	for _, day := range days {
		t.Run(day, func(t *testing.T) { playWeeks(t, day) })
	}
}

func playWeeks(t *testing.T, day string) {
	const people = 1000 // so many have everybody whom the stories need
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ends, err := time.ParseInLocation("2006-01-02 15:04", day, clock.London)
	if err != nil {
		t.Fatal(err)
	}
	stage := &playClock{real: func() time.Time { return ends }}
	begins := weeksBefore(ends)
	stage.begin(begins)
	a := &app{out: io.Discard, err: io.Discard, clock: stage.now, stage: stage, command: "serve", flags: &flags{DB: "sqlite:" + filepath.Join(t.TempDir(), "demo.db")}}
	log := leaks.Log()
	rec, err := a.openWith(ctx, log)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	find, stopFinding, err := a.find(ctx, rec, log, []string{foundFor})
	if err != nil {
		t.Fatal(err)
	}
	defer stopFinding()
	kept, stopFollowing, err := a.follow(ctx, rec, log, find)
	if err != nil {
		t.Fatal(err)
	}
	defer stopFollowing()
	d, err := openDemonstration(ctx, a.through(rec, "demo", access.Operations, nil), 1, begins)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.fill(ctx, a, people); err != nil {
		t.Fatal(err)
	}
	w, err := d.play(ctx, rec, people, stage, ends, kept)
	if err != nil {
		t.Fatal(err)
	}
	stage.end()
	if len(w.refused)*20 > w.done || w.done < 400 {
		t.Errorf("%d things were done, and %d refused: %v", w.done, len(w.refused), w.refused)
	}
	for _, id := range []string{fallsModel, wellModel, classesModel} {
		f, err := w.desk.Funnel(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d found, %d invited, %d referred, %d began, %d there, %d completed", id, f.Candidates, f.Invited, f.Referred, f.Began, f.There, f.Completed)
		if f.Referred < 10 || f.Began < 5 || f.There < 1 || f.WrongDoors > 0 {
			t.Errorf("of %s: %+v", id, f)
		}
	}
	for _, one := range []struct {
		of   string
		flow *workflow.Flow
	}{
		{"HealthcareService/model-" + fallsModel + "-car-one", w.staff(w.cast.Nurse)},
		{"HealthcareService/model-" + wellModel + "-hub", w.staff(w.cast.Supporter)},
		{"HealthcareService/" + w.halls()[0], w.staff(w.cast.Networker)},
	} {
		list, err := one.flow.Worklist(ctx, workflow.List{Of: one.of})
		if err != nil || len(list.Items) < 2 {
			t.Errorf("the list of %s has %d lines: %v", one.of, len(list.Items), err)
		}
	}
	plan, err := w.desk.Plan(ctx, fhir.ID(w.cast.Patient.ID()))
	if err != nil || len(plan.Words) == 0 {
		t.Errorf("the resident's own words are not in the plan: %v", err)
	}
	program, err := itself("test", access.Operations)
	if err != nil {
		t.Fatal(err)
	}
	first, err := rec.As(program).VRead(ctx, "Patient", "sel-0", 1)
	if err != nil || first.At.Sub(begins) > time.Hour {
		t.Errorf("the first person came in at %s, want %s: %v", first.At, begins, err)
	}
	again, err := openDemonstration(ctx, d.desk, 1, ends.AddDate(1, 0, 0))
	if err != nil || again.fresh || again.district.Until != d.district.Until {
		t.Errorf("a year later it does not know itself: %+v %v", again, err)
	}
}
