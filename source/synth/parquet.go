package synth

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// The columns of the two files, in their order. docs/timeline-format.md says
// what they mean.
type (
	personColumns struct {
		Person      int64   `parquet:"person,delta"`
		ID          string  `parquet:"id"`
		Born        int32   `parquet:"born,date"`
		Died        *int32  `parquet:"died,date,optional"`
		Sex         string  `parquet:"sex,dict"`
		Ethnicity   *string `parquet:"ethnicity,dict,optional"`
		Practice    *string `parquet:"practice,dict,optional"`
		Registered  *int32  `parquet:"registered,date,optional"`
		Network     *string `parquet:"network,dict,optional"`
		Borough     *string `parquet:"borough,dict,optional"`
		LSOA        *string `parquet:"lsoa,dict,optional"`
		Deprivation *int32  `parquet:"deprivation,optional"`
		Resident    bool    `parquet:"resident"`
		Language    *string `parquet:"language,dict,optional"`
	}
	eventColumns struct {
		Person       int64    `parquet:"person,delta"`
		Kind         string   `parquet:"kind,dict"`
		System       string   `parquet:"system,dict"`
		Code         string   `parquet:"code,dict"`
		Class        *string  `parquet:"class,dict,optional"`
		At           int64    `parquet:"at,timestamp(millisecond),delta"`
		Precision    string   `parquet:"precision,dict"`
		Until        *int64   `parquet:"until,timestamp(millisecond),optional"`
		Recorded     *int64   `parquet:"recorded,timestamp(millisecond),optional"`
		Value        *float64 `parquet:"value,dict,optional"`
		Unit         *string  `parquet:"unit,dict,optional"`
		AnswerSystem *string  `parquet:"answer_system,dict,optional"`
		Answer       *string  `parquet:"answer,dict,optional"`
		Status       string   `parquet:"status,dict"`
		Organisation *string  `parquet:"organisation,dict,optional"`
	}
)

// flatFile is one of the two files.
type flatFile struct{ out *parquet.GenericWriter[any] }

func newFlatFile(w io.Writer, columns any) *flatFile {
	return &flatFile{parquet.NewGenericWriter[any](w, parquet.SchemaOf(columns),
		parquet.CreatedBy("joinery", "1", ""), // no version of the program: the same people are the same bytes
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}))}
}

// group is a row group under way: columns of values that grow side by side.
type group struct {
	rows    *parquet.ConcurrentRowGroupWriter
	columns [][]parquet.Value
	at      int                      // the column of the next value
	words   map[string]parquet.Value // of columns whose strings come again and again
}

func (f *flatFile) group() *group {
	rows := f.out.BeginRowGroup()
	return &group{rows: rows, columns: make([][]parquet.Value, len(rows.ColumnWriters())), words: map[string]parquet.Value{}}
}

// add adds a value to the next column of the row at hand.
func (g *group) add(v parquet.Value) {
	g.columns[g.at] = append(g.columns[g.at], v)
	if g.at++; g.at == len(g.columns) {
		g.at = 0
	}
}

func (g *group) whole(v int64) { g.add(parquet.Int64Value(v)) }
func (g *group) day(d Day)     { g.add(parquet.Int32Value(int32(d))) }
func (g *group) text(s string) { g.add(g.word(s)) }
func (g *group) null()         { g.add(parquet.NullValue()) }

// word returns a string as a value.
func (g *group) word(s string) parquet.Value {
	v, ok := g.words[s]
	if !ok {
		v = parquet.ByteArrayValue([]byte(s))
		g.words[s] = v
	}
	return v
}

// present adds a value to a column that may have none.
func (g *group) present(v parquet.Value) { g.add(v.Level(0, 1, g.at)) }

func (g *group) maybeText(s string) {
	if s == "" {
		g.null()
		return
	}
	g.present(g.word(s))
}

func (g *group) maybeDay(d Day) {
	if d == NotYet {
		g.null()
		return
	}
	g.present(parquet.Int32Value(int32(d)))
}

func (g *group) maybeTime(ms int64) {
	if ms == noTime {
		g.null()
		return
	}
	g.present(parquet.Int64Value(ms))
}

// spill hands what has gathered to the columns' encoders.
func (g *group) spill() error {
	for i, c := range g.rows.ColumnWriters() {
		if _, err := c.WriteRowValues(g.columns[i]); err != nil {
			return fmt.Errorf("write a column: %w", err)
		}
		g.columns[i] = g.columns[i][:0]
	}
	return nil
}

// person adds the row of a person.
func (g *group) person(p *Person) {
	g.whole(p.Number)
	g.add(parquet.ByteArrayValue([]byte(p.ID())))
	g.day(p.Born)
	g.maybeDay(p.Died)
	g.text(p.Sex.String())
	g.maybeText(p.Ethnicity)
	if o := p.Practice; o != nil {
		g.maybeText(o.ID)
		g.maybeDay(p.Since)
		if o.PartOf != nil {
			g.maybeText(o.PartOf.ID)
		} else {
			g.null()
		}
	} else {
		g.null()
		g.null()
		g.null()
	}
	if p.Household != nil && p.Household.Area != nil {
		a := p.Household.Area
		g.maybeText(a.Borough)
		g.maybeText(a.Code)
		g.present(parquet.Int32Value(int32(a.Deprivation)))
		g.add(parquet.BooleanValue(true))
	} else {
		g.null()
		g.null()
		g.null()
		g.add(parquet.BooleanValue(false))
	}
	g.maybeText(p.Language)
}

// event adds the row of a line.
func (g *group) event(l *line) {
	g.whole(l.person)
	g.text(l.kind)
	g.text(l.system)
	g.text(l.code)
	g.maybeText(l.class)
	g.whole(l.at)
	g.text(l.precision)
	g.maybeTime(l.until)
	g.maybeTime(l.recorded)
	if l.unit != nil {
		g.present(parquet.DoubleValue(l.value))
		g.maybeText(l.unit.Code)
	} else {
		g.null()
		g.null()
	}
	g.maybeText(l.answerSystem)
	g.maybeText(l.answer)
	g.text(l.status)
	g.maybeText(l.organisation)
}
