package notebook

import "strings"

// isText says whether nbformat keeps the content of a MIME type as an array of lines.
func isText(mime string) bool {
	return strings.HasPrefix(mime, "text/") || mime == "application/javascript" || mime == "image/svg+xml"
}

// isJSON says whether the content of a MIME type is a JSON value, in which an array of strings is just that.
func isJSON(mime string) bool {
	return mime == "application/json" || strings.HasPrefix(mime, "application/") && strings.HasSuffix(mime, "+json")
}

func splitBundle(bundle object) object {
	o := make(object, len(bundle))
	for mime, content := range bundle {
		o[mime] = content
		if s, ok := content.(string); ok && isText(mime) {
			o[mime] = splitLines(s)
		}
	}
	return o
}

func joinBundle(bundle object) object {
	o := make(object, len(bundle))
	for mime, content := range bundle {
		o[mime] = content
		if s, ok := joinLines(content); ok && !isJSON(mime) {
			o[mime] = s
		}
	}
	return o
}
