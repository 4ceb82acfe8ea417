package checkpoint

import (
	"testing"
)

// instant is a file system that keeps nothing, to see what Save itself costs.
type instant struct{ disk }

func (instant) write(string, []byte) error { return nil }
func (instant) remove(string) error        { return nil }
func (instant) sync(string) error          { return nil }

func BenchmarkSave(b *testing.B) {
	few, many, gaps := sample(), crowded(0), crowded(4)
	for name, c := range map[string]Checkpoint{"2 writers seen": few, "1024 writers seen": many, "1024 writers with 4 gaps": gaps} {
		c.Sinks = map[string]Sink{"table late": c.Sinks["table late"]}
		for where, files := range map[string]files{"memory": instant{}, "disk": disk{}} {
			b.Run(name+"/"+where, func(b *testing.B) {
				l := &dirLane{dir: b.TempDir(), keep: defaultKeep, files: files}
				c.Epoch = 0
				if err := l.SaveTwice(c); err != nil {
					b.Fatal(err)
				}
				c.Epoch = 1
				b.ReportAllocs()
				b.SetBytes(int64(l.file.Len()))
				for b.Loop() {
					c.Epoch++
					if err := l.Save(c); err != nil {
						b.Fatal(err)
					}
				}
				if l.epoch != c.Epoch {
					b.Errorf("epoch %d was saved last, want %d", l.epoch, c.Epoch)
				}
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	file := encoded(b, crowded(0))
	b.ReportAllocs()
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		c, err := decode(file)
		if err != nil || len(c.Seen) != maxSeen {
			b.Fatal(err)
		}
	}
}
