package store

import (
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// Progress is how far a recovery has come, in bytes of the files that it has to read. A
// recovery writes it, and anyone may read it meanwhile. What is learned on the way adds
// to the total: the log is measured when its reading begins, and a snapshot that proves
// to be damaged costs another one.
type Progress struct {
	read, total atomic.Int64
}

// Bytes is what was read so far, and of how much.
func (p *Progress) Bytes() (read, total int64) {
	total = p.total.Load()
	return min(p.read.Load(), total), total
}

// leftMax is more than anyone waits: a pace that says so is none yet.
const leftMax = 1000 * time.Hour

// Left is the time that the rest takes at the pace so far; false where that is not known.
func Left(read, total int64, elapsed time.Duration) (time.Duration, bool) {
	if read <= 0 || total < read || elapsed <= 0 {
		return 0, false
	}
	left := float64(elapsed) / float64(read) * float64(total-read)
	if left > float64(leftMax) {
		return 0, false
	}
	return time.Duration(left), true
}

// meteredSnapshot is the disk for reading one snapshot.
func (s *Store) meteredSnapshot(file snapshot.File) (vfs.FS, error) {
	if s.cfg.Progress == nil {
		return s.disk, nil
	}
	info, err := s.disk.Stat(file.Path)
	s.cfg.Progress.total.Add(info.Size)
	return vfs.Metered{FS: s.disk, Count: s.count}, err
}

// meteredLog is the disk for reading the log beyond a zxid.
func (s *Store) meteredLog(after zoo.Zxid) (vfs.FS, error) {
	if s.cfg.Progress == nil {
		return s.disk, nil
	}
	segments, err := txnlog.Segments(s.disk, s.logDir)
	for i, segment := range segments {
		if i+1 < len(segments) && segments[i+1].First <= after {
			continue
		}
		info, err := s.disk.Stat(segment.Path)
		if err != nil {
			return nil, err
		}
		s.cfg.Progress.total.Add(info.Size)
	}
	return vfs.Metered{FS: s.disk, Count: s.count}, err
}

func (s *Store) count(bytes int64) { s.cfg.Progress.read.Add(bytes) }
