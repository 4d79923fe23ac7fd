package shell

import (
	"errors"
	"fmt"
	"io"
)

// stream is the name that stands for the input or the output.
const stream = "-"

// errNoInput is for a shell whose input is its commands.
var errNoInput = errors.New("- is for single commands: here the input is the commands themselves")

// give writes data to a file, byte by byte as it is.
func (s *Shell) give(name string, data []byte) error {
	out, err := s.create(name)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return errors.Join(err, out.Close())
}

// create is a file to write, or the output.
func (s *Shell) create(name string) (io.WriteCloser, error) {
	if name == stream {
		return unclosed{s.Out}, nil
	}
	if s.CreateFile == nil {
		return nil, fmt.Errorf("%s: files cannot be written here", name)
	}
	return s.CreateFile(name)
}

// unclosed is an output that stays open.
type unclosed struct{ io.Writer }

// Close does nothing.
func (unclosed) Close() error { return nil }

// take reads all of a file, or of the input.
func (s *Shell) take(name string) ([]byte, error) {
	if name != stream {
		return s.ReadFile(name)
	}
	if !s.single && len(s.Command) == 0 {
		return nil, errNoInput
	}
	data, err := io.ReadAll(io.LimitReader(s.In, dataBytesMax+1))
	if len(data) > dataBytesMax {
		return nil, fmt.Errorf("the input has more than %d bytes", dataBytesMax)
	}
	return data, err
}

// dataBytesMax bounds what is read for one znode; servers take less (jute.maxbuffer).
const dataBytesMax = 64 << 20
