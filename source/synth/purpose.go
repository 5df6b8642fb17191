package synth

// purpose is what a service is for: what a life looks for when it needs one.
type purpose uint8

// Purposes.
const (
	generalPractice     purpose = iota + 1 // a practice's own list
	extendedAccess                         // a network's evening and weekend appointments
	dispensing                             // a community pharmacy
	urgentTreatment                        // an urgent treatment centre
	emergency                              // an emergency department, type 1
	ambulance                              // 999
	helpline                               // 111
	acuteWards                             // admission to a general hospital
	outpatients                            // clinics of consultants
	imaging                                // X-ray, ultrasound, CT, MRI
	cancerCare                             // oncology and its wards
	maternity                              // a maternity unit with its community midwives
	childrensWards                         // paediatrics
	communityNursing                       // district nurses
	urgentResponse                         // urgent community response within two hours
	therapies                              // physiotherapy, occupational and speech therapy, podiatry
	healthVisiting                         // children under five, and school nursing
	talkingTherapies                       // psychological therapy for anxiety and depression
	mentalHealthTeam                       // community mental health team for adults
	crisisTeam                             // home treatment and crisis line
	childrensMental                        // child and adolescent mental health
	learningTeam                           // community learning disability team
	psychiatricWards                       // admission to a mental-health hospital
	adultSocialCare                        // a council's adult social care
	childrensSocialCare                    // a council's children's social care
	reablement                             // a council's reablement at home
	hospice                                // hospice at home and in-patient
	residentialCare                        // a care home without nursing
	nursingCare                            // a care home with nursing
	socialPrescribing                      // link workers of a network
	befriending                            // company for lonely people
	carersSupport                          // unpaid carers
	advice                                 // benefits, debt and legal advice
	housingHelp                            // housing and homelessness
	hoardingHelp                           // hoarding and self-neglect
	communityForum                         // a forum of one community, for its people
	bereavement                            // after a death
	parentSupport                          // parents of young children
	foodBank                               // food and fuel
	activityGroup                          // exercise, gardening, singing, lunch clubs
	dementiaSupport                        // people with dementia and their families
	addiction                              // drugs and alcohol
	safety                                 // domestic abuse
	purposes                               // how many, and one
)

// purposeWords are how the tables of parameters write purposes.
var purposeWords = map[string]purpose{
	"practice": generalPractice, "extended": extendedAccess, "pharmacy": dispensing,
	"adultcare": adultSocialCare, "childcare": childrensSocialCare, "reablement": reablement,
	"residential": residentialCare, "nursinghome": nursingCare, "prescribing": socialPrescribing,
	"emergency": emergency, "urgent": urgentTreatment, "wards": acuteWards, "outpatients": outpatients,
	"imaging": imaging, "cancer": cancerCare, "maternity": maternity, "children": childrensWards,
	"nursing": communityNursing, "response": urgentResponse, "therapies": therapies, "visiting": healthVisiting,
	"talking": talkingTherapies, "mentalhealth": mentalHealthTeam, "crisis": crisisTeam, "camhs": childrensMental,
	"learning": learningTeam, "psychward": psychiatricWards, "ambulance": ambulance, "helpline": helpline,
	"hospice": hospice, "befriending": befriending, "carers": carersSupport, "advice": advice, "housing": housingHelp,
	"hoarding": hoardingHelp, "forum": communityForum, "bereavement": bereavement, "parents": parentSupport,
	"food": foodBank, "activity": activityGroup, "dementia": dementiaSupport, "addiction": addiction, "safety": safety,
}

// purposeOf returns the purpose of a word of the tables.
func purposeOf(word string) purpose {
	what, known := purposeWords[word]
	if !known {
		panic("synth: a table holds the unknown purpose " + word)
	}
	return what
}

// ofBorough are purposes that each borough's own provider serves: nobody else
// may refer to it or be seen by it.
var ofBorough = [purposes]bool{
	communityNursing: true, urgentResponse: true, therapies: true, healthVisiting: true, talkingTherapies: true,
	mentalHealthTeam: true, crisisTeam: true, childrensMental: true, learningTeam: true, adultSocialCare: true,
	childrensSocialCare: true, reablement: true,
}
