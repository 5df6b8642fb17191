package r4

// primitive is one of the specification's primitive types.
type primitive uint8

const (
	notPrimitive primitive = iota
	pBase64Binary
	pBoolean
	pCanonical
	pCode
	pDate
	pDateTime
	pDecimal
	pID
	pInstant
	pInteger
	pMarkdown
	pOID
	pPositiveInt
	pString
	pTime
	pUnsignedInt
	pURI
	pURL
	pUUID
	pXHTML
)

var primitives = map[string]primitive{
	"base64Binary": pBase64Binary, "boolean": pBoolean, "canonical": pCanonical, "code": pCode,
	"date": pDate, "dateTime": pDateTime, "decimal": pDecimal, "id": pID, "instant": pInstant,
	"integer": pInteger, "markdown": pMarkdown, "oid": pOID, "positiveInt": pPositiveInt,
	"string": pString, "time": pTime, "unsignedInt": pUnsignedInt, "uri": pURI, "url": pURL,
	"uuid": pUUID, "xhtml": pXHTML,
}
