package gssapi

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/types"

	"zoo/internal/core/acl/principal"
)

// keyTabBytesMax bounds a keytab: a hundred keys of a hundred services.
const keyTabBytesMax = 1 << 20

// keys are those of the service in a keytab. A file that changed is read again
// before the next client, so that keys can be renewed while the server runs; one that
// cannot be read, such as one that is being written, leaves the keys as they were.
type keys struct {
	file    string
	service principal.Name
	table   atomic.Pointer[keyTable]
}

// keyTable is a file at one time. It is immutable.
type keyTable struct {
	modified time.Time
	size     int64
	keytab   *keytab.Keytab
}

func loadKeys(file string, service principal.Name) (*keys, error) {
	k := &keys{file: file, service: service}
	table, err := k.read()
	if err != nil {
		return nil, err
	}
	k.table.Store(table)
	return k, nil
}

// read never shows what is in the file: the library's own errors would.
func (k *keys) read() (table *keyTable, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("keytab %s is damaged", k.file)
		}
	}()
	about, err := os.Stat(k.file)
	if err != nil {
		return nil, fmt.Errorf("keytab: %w", err)
	}
	if about.Size() > keyTabBytesMax {
		return nil, fmt.Errorf("keytab %s has %d bytes, %d are read", k.file, about.Size(),
			keyTabBytesMax)
	}
	content, err := os.ReadFile(k.file)
	if err != nil {
		return nil, fmt.Errorf("keytab: %w", err)
	}
	table = &keyTable{modified: about.ModTime(), size: about.Size(), keytab: keytab.New()}
	if table.keytab.Unmarshal(content) != nil {
		return nil, fmt.Errorf("%s is no keytab", k.file)
	}
	for _, entry := range table.keytab.Entries {
		if entry.Principal.String() == k.service.String() {
			return table, nil
		}
	}
	return nil, fmt.Errorf("keytab %s has no key of %s", k.file, k.service)
}

func (k *keys) current() *keyTable {
	table := k.table.Load()
	about, err := os.Stat(k.file)
	if err != nil || about.ModTime().Equal(table.modified) && about.Size() == table.size {
		return table
	}
	changed, err := k.read()
	if err != nil {
		return table
	}
	k.table.Store(changed)
	return changed
}

// find is the service's key of a version, 0 for the newest, and an encryption type.
func (k *keys) find(version int, kind int32) (types.EncryptionKey, error) {
	name := types.PrincipalName{NameString: []string{k.service.Service, k.service.Host}}
	key, _, err := k.current().keytab.GetEncryptionKey(name, k.service.Realm, version, kind)
	if err != nil {
		return key, refusal("keytab %s has no key of %s with version %d and encryption type "+
			"%d, which the ticket is for; export it again", k.file, k.service, version, kind)
	}
	return key, nil
}
