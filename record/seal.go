package record

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"joinery/fhir"
)

// Rows of the audit are counted, and how many there are would tell of reads
// that the caller may not know of. So outside a row goes by an id that only
// this database can make from its number or turn back into it: one AES block
// of the number and zeros.

// seal returns the id by which a row's number is known outside.
func (r *Record) seal(n int64) fhir.ID {
	var block [aes.BlockSize]byte
	binary.BigEndian.PutUint64(block[8:], uint64(n))
	r.sealing().Encrypt(block[:], block[:])
	return fhir.ID(hex.EncodeToString(block[:]))
}

// unseal returns the number of an id made by seal, and false for any other.
func (r *Record) unseal(id fhir.ID) (int64, bool) {
	block, err := hex.DecodeString(string(id))
	if err != nil || len(block) != aes.BlockSize {
		return 0, false
	}
	r.sealing().Decrypt(block, block)
	if binary.BigEndian.Uint64(block) != 0 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(block[8:])), true
}

func (r *Record) sealing() cipher.Block {
	key := sha256.Sum256(append([]byte("joinery seal\x00"), r.store.Secret()...))
	c, err := aes.NewCipher(key[:16])
	if err != nil {
		return nil // cannot be: the key has one of AES's lengths
	}
	return c
}
