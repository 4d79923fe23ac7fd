package vfs

// Unsynced is a file system whose new files are written and never synced: when
// their content reaches the disk is the system's to decide. Their names stay as
// durable as they were.
type Unsynced struct{ FS }

// CreateNew makes such a file.
func (u Unsynced) CreateNew(name string) (File, error) {
	f, err := u.FS.CreateNew(name)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

type unsyncedFile struct{ File }

// Sync does nothing.
func (unsyncedFile) Sync() error { return nil }
