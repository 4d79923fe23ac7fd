package txnlog

import (
	"errors"
	"fmt"
	"io"

	"zoo"
	"zoo/internal/disk/vfs"
)

// Repair makes the log in dir durable as a Reader found it, and must come before
// a Writer continues it. What lies behind the last good entry is cut off: left
// there, a later recovery could take it for an entry. And what was read is
// synced: it may be in the log only because the process died and the machine did
// not, and we are about to claim that we have it.
func Repair(disk vfs.FS, dir string, ends []End) error {
	for i, end := range ends {
		var err error
		switch newest := i == len(ends)-1; {
		case end.Offset <= headerBytes: // without entries it only blocks its name
			err = disk.Remove(end.Path)
		case newest || end.Torn:
			err = cut(disk, end.Path, end.Offset)
		default:
			err = cut(disk, end.Path, end.Size)
		}
		if err != nil {
			return fmt.Errorf("repair log %s: %w", end.Path, err)
		}
	}
	if err := disk.SyncDir(dir); err != nil {
		return fmt.Errorf("repair log %s: %w", dir, err)
	}
	return nil
}

// cut shortens a file to size, if it is longer, and syncs it in any case.
func cut(disk vfs.FS, path string, size int64) error {
	file, err := disk.OpenWrite(path)
	if err != nil {
		return err
	}
	now, err := file.Size()
	if err == nil && now > size {
		err = file.Truncate(size)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// Truncate removes every entry beyond z, durably. Removing newest first keeps the
// log free of gaps as far as the disk keeps the order; a caller for whom that is
// not enough writes down its plan first. Doing it twice does no harm.
func Truncate(disk vfs.FS, dir string, z zoo.Zxid) error {
	segments, err := Segments(disk, dir)
	if err != nil {
		return err
	}
	for ; len(segments) > 0; segments = segments[:len(segments)-1] {
		newest := segments[len(segments)-1]
		if newest.First <= z {
			break
		}
		if err := disk.Remove(newest.Path); err != nil {
			return fmt.Errorf("truncate log to %v: %w", z, err)
		}
	}
	if err := disk.SyncDir(dir); err != nil {
		return fmt.Errorf("truncate log to %v: %w", z, err)
	}
	if len(segments) == 0 {
		return nil
	}
	return truncateSegment(disk, segments[len(segments)-1].Path, z)
}

func truncateSegment(disk vfs.FS, path string, z zoo.Zxid) error {
	offset, err := offsetAfter(disk, path, z)
	if err == nil {
		err = cut(disk, path, offset)
	}
	if err != nil {
		return fmt.Errorf("truncate log %s to %v: %w", path, z, err)
	}
	return nil
}

// offsetAfter finds where the entries up to z end.
func offsetAfter(disk vfs.FS, path string, z zoo.Zxid) (int64, error) {
	scan, bad, err := openScanner(disk, path)
	if err != nil {
		return 0, err
	}
	defer scan.close()
	for offset := scan.offset; bad == nil; offset = scan.offset {
		e, found, err := scan.next()
		if err == nil && e.Zxid > z {
			return offset, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if err != nil && found == nil {
			return offset, nil
		}
		bad = found
	}
	if !bad.torn {
		return 0, bad.corrupt(adviceRestore)
	}
	return scan.offset, nil
}
