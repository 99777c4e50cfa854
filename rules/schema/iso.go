package schema

import (
	"slices"
	"strconv"
	"strings"
)

// bidCurrencies are those in which bidders of the classic exchanges may bid, USD among them.
const bidCurrencies = "ARS AUD BRL GBP CAD CNY COP CZK DKK EUR INR IDR ILS JPY MYR MXN NZD NOK PHP RUB SGD SEK CHF TWD THB TRY USD VND"

// BidCurrencies lists the 28 currencies in which bidders of the classic exchanges may bid.
func BidCurrencies() []string { return strings.Fields(bidCurrencies) }

// currencies are the codes of ISO 4217 that money is counted in.
var currencies = strings.Fields("AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD " +
	"CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF " +
	"IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR " +
	"MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS " +
	"SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG")

// countries are the codes of ISO 3166-1 alpha-2.
var countries = strings.Fields("AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH " +
	"GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB " +
	"LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM " +
	"PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG " +
	"TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW")

// languages are the codes of ISO 639-1.
var languages = strings.Fields("aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo " +
	"es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn " +
	"ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl " +
	"ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve " +
	"vi vo wa wo xh yi yo za zh zu")

func readCurrency(r *reading) *fault {
	return listed(r, currencies, "is not a currency", "write an ISO 4217 code, e.g. EUR")
}

func readCountry(r *reading) *fault {
	if r.text == "UK" {
		return &fault{`"UK" is not a country code`, `write GB`}
	}
	return listed(r, countries, "is not a country code", "write an ISO 3166-1 code, e.g. US")
}

func readLanguage(r *reading) *fault {
	return listed(r, languages, "is not a language code", "write an ISO 639-1 code, e.g. en")
}

// listed checks a code against its list. Codes are too short for slips of the keyboard to mean one of them; the wrong
// case does.
func listed(r *reading, codes []string, what, remedy string) *fault {
	if slices.Contains(codes, r.text) {
		return nil
	}
	for _, c := range codes {
		if strings.EqualFold(c, r.text) {
			return &fault{quote(r.text) + " " + what, "write " + strconv.Quote(c)}
		}
	}
	return &fault{quote(r.text) + " " + what, remedy}
}
