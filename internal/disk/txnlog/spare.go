package txnlog

import (
	"errors"
	"io/fs"
	"path/filepath"

	"zoo/internal/disk/vfs"
)

// SpareName is the file of the segment that is prepared. It is no name of ZooKeeper's, which
// passes it over; a start removes it.
const SpareName = "spare.segment"

const (
	// spareStepsMax bounds a spare to so many steps of preallocation.
	spareStepsMax = 8
	// spareShare is the part of a step that a segment holds before the next is prepared: a
	// server that hardly writes need not have one.
	spareShare = 16
	// spareWriteBytes are written at once, and spareSyncBytes made durable at once, so that
	// no sync of the log finds more than that in the disk's queue.
	spareWriteBytes = 1 << 20
	spareSyncBytes  = 2 << 20
)

// Spares prepares segments before they are needed: files of zeros that are on the disk. To
// write over them and to sync that changes nothing but data, whereas room that was only
// reserved (Writer.allocate) makes each sync of the log wait for the file system's journal,
// and for all that others have in it, such as the removal of large files. The zero value of
// a *Spares, nil, prepares nothing. All methods belong to the log writer's goroutine.
type Spares struct {
	disk vfs.FS
	dir  string
	step int64

	ready    *Spare
	filling  *Spare
	used     int64 // bytes of the segment before
	declined bool  // none for this segment any more
}

// NewSpares prepares segments of the log in dir, in steps of bytes; 0 means 64 MiB.
func NewSpares(disk vfs.FS, dir string, step int64) *Spares {
	return &Spares{disk: disk, dir: dir, step: stepOrDefault(step)}
}

func stepOrDefault(step int64) int64 {
	if step <= 0 {
		return preallocateBytesDefault
	}
	return step
}

// Spare is a segment without a name. Fill belongs to whoever began it, until Spares.End.
type Spare struct {
	file   vfs.File
	path   string
	size   int64
	filled int64
	synced int64
	zeros  []byte // what it is filled with
}

// Wanted is the size of the spare that it is time to begin, in bytes; 0 while it is not,
// for a log whose current segment holds so many bytes.
func (s *Spares) Wanted(segmentBytes int64) int64 {
	if s == nil || s.ready != nil || s.filling != nil || s.declined ||
		segmentBytes < s.step/spareShare {
		return 0
	}
	// The next segment will hold about what the last one did.
	steps := (s.used + s.used/8 + s.step - 1) / s.step
	return min(max(steps, 1), spareStepsMax) * s.step
}

// Decline does without a spare until the next segment begins, and gives back the room of
// one that is there.
func (s *Spares) Decline() error {
	if s == nil {
		return nil
	}
	s.declined = true
	spare := s.ready
	s.ready = nil
	return s.remove(spare)
}

// Begin makes a spare of so many bytes, which Fill fills. Its name must be new: whoever fills
// one of a log that was closed may still have that file, and write zeros to it.
func (s *Spares) Begin(size int64) (*Spare, error) {
	path := filepath.Join(s.dir, SpareName)
	file, err := s.disk.CreateNew(path)
	if err != nil {
		s.declined = true
		return nil, err
	}
	s.filling = &Spare{file: file, path: path, size: size}
	return s.filling, nil
}

// Size is how large the spare is to be, in bytes.
func (p *Spare) Size() int64 { return p.size }

// Filled is how much of it is written, in bytes.
func (p *Spare) Filled() int64 { return p.filled }

// Fill writes a part of the spare; done when all of it is on the disk.
func (p *Spare) Fill() (done bool, err error) {
	if p.filled == 0 {
		// All of its room at once: it lies together, and a disk that lacks it says so now.
		if err := p.file.Preallocate(p.size); err != nil {
			return false, err
		}
	}
	if p.zeros == nil {
		p.zeros = make([]byte, min(spareWriteBytes, p.size))
	}
	part := p.zeros[:min(int64(len(p.zeros)), p.size-p.filled)]
	if _, err := p.file.WriteAt(part, p.filled); err != nil {
		return false, err
	}
	p.filled += int64(len(part))
	if done = p.filled == p.size; done {
		p.zeros = nil
	}
	if done || p.filled-p.synced >= spareSyncBytes {
		p.synced = p.filled
		err = p.file.Sync()
		// Nobody reads zeros. Their memory serves the next ones, instead of as much again as
		// the log has, which is dear to get and turns out what others would read.
		vfs.Evict(p.file)
	}
	return done && err == nil, err
}

// End takes a spare that Fill has filled, or has not, if there was an error. One that belongs
// to a log that was closed meanwhile is only closed: its name may be another's by now.
func (s *Spares) End(spare *Spare, err error) error {
	if s == nil || s.filling != spare {
		return spare.file.Close()
	}
	s.filling = nil
	if err != nil || s.declined {
		s.declined = true
		return s.remove(spare)
	}
	s.ready = spare
	return nil
}

func (s *Spares) remove(spare *Spare) error {
	if spare == nil {
		return nil
	}
	err := spare.file.Close()
	if gone := s.disk.Remove(spare.path); err == nil {
		err = gone
	}
	return err
}

// Close removes what is there. One that is being filled loses its name; the file is closed by
// whoever fills it.
func (s *Spares) Close() error {
	if s == nil {
		return nil
	}
	if s.filling != nil {
		err := s.disk.Remove(s.filling.path)
		s.filling = nil
		return err
	}
	return s.Decline()
}

// take gives the spare to a new segment, under the segment's name; nil if there is none, or
// none that can have the name. A name must be new: see Writer.open.
func (s *Spares) take(path string) (file vfs.File, size int64) {
	if s == nil || s.ready == nil {
		return nil, 0
	}
	if _, err := s.disk.Stat(path); err == nil {
		return nil, 0
	}
	spare := s.ready
	s.ready = nil
	if err := s.disk.Rename(spare.path, path); err != nil {
		// Not every system renames what is open. A start removes it if this cannot.
		_ = s.remove(spare)
		return nil, 0
	}
	return spare.file, spare.size
}

// ended tells of a segment that has ended with so many bytes.
func (s *Spares) ended(bytes int64) {
	if s != nil {
		s.used, s.declined = bytes, false
	}
}

// RemoveSpare removes what a crash has left of a spare in the log's directory.
func RemoveSpare(disk vfs.FS, dir string) error {
	path := filepath.Join(dir, SpareName)
	if _, err := disk.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := disk.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
