"""Word lists of the samples. Every person, company and place in a document is built from these."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split(","))


FIRST_NAMES = _words("""
Ada Amara Anders Anna Arjun Beatriz Benoît Callum Carmen Chiara Clara Dalia Daniel Diego Edith Elif Emeka Esther
Fatima Felix Florence Gareth Grace Greta Hana Harriet Hugo Imani Ingrid Isaac Jonas José Judith Kamal Karin Keiko
Laura Leon Lucía Mads Maren Marta Miguel Nadia Naomi Nils Noor Olga Oscar Paula Pedro Priya Quentin Rafael Ravi
Renée Rosa Ruth Samuel Sara Sofia Stefan Tariq Teresa Tomas Uma Victor Wanda Walter Xavier Yara Yusuf Zoë
""")

LAST_NAMES = _words("""
Abbott Adeyemi Aguilar Bakker Barnes Bauer Becker Bell Bianchi Castro Chandra Coleman Costa Dalton Delgado Duarte
Eriksen Farrell Ferreira Fischer Fontaine García Gibson Haddad Hansen Hartley Hoffmann Hughes Ibrahim Iyer Jansen
Jensen Kaplan Keller Kowalski Larsen Leclerc Lindqvist Lopez Marchetti Mercer Moreau Müller Nakamura Ndiaye Novak
Nwosu Okafor Olsen Ortega Palmer Park Pereira Petrov Quinn Rahman Reyes Rossi Sanders Schmidt Silva Sorensen Suzuki
Tanaka Thornton Ueda Vargas Vance Visser Walsh Weber Whitfield Yamada Yilmaz Zhang Zimmermann
""")

COMPANY_HEADS = _words("""
Alder Amber Anchor Apex Aspen Atlas Beacon Birchwood Bluefield Brightwater Cedar Cobalt Compass Copperfield Crescent
Delta Eastgate Evergreen Falcon Fairview Foxglove Granite Greenway Harbor Hazel Highland Ironbridge Juniper Keystone
Lakeside Lantern Maple Meridian Millstone Northwind Oakridge Orchard Pinnacle Quarry Redwood Riverside Rosewood Sable
Silverline Sterling Summit Tamarack Union Vanguard Westbrook Willow Windmill
""")

COMPANY_TRADES = _words("""
Analytics Bakery Bookshop Builders Catering Chemicals Clinic Consulting Electric Engineering Fabrics Farms Foods
Freight Furniture Garage Gardens Glass Grocers Hardware Instruments Insurance Kitchens Laboratories Lighting Logistics
Machinery Marine Market Media Metals Motors Optics Outfitters Packaging Paper Pharmacy Plumbing Press Printing
Research Roofing Seeds Software Stationers Supply Systems Textiles Timber Tools Travel
""")

SHOPS = ("Bakery", "Corner Shop", "Deli", "Food Hall", "Foods", "Grocers", "Kitchen", "Market", "Mini Mart", "Pantry")

COMPANY_FORMS = ("Ltd", "Inc.", "LLC", "GmbH", "& Co.", "& Sons", "Group", "S.A.", "AB", "Partners")

STREETS = _words("""
Abbey Acacia Bridge Cannon Castle Chapel Chestnut Church Cliff College Dock Elm Ferry Field Forest Garden Grove
Harbour Hill Jubilee King Lake Lime Linden Market Meadow Mill Orchard Park Poplar Prince Quay Queen Ridge River School
Spring Station Stone Temple Tower Union Valley Vine Walnut Water Wharf Windsor
""")

STREET_FORMS = ("Street", "Road", "Avenue", "Lane", "Drive", "Square", "Way", "Court", "Terrace", "Blvd")

CITIES = _words("""
Aberdeen Albany Antwerp Asheville Augusta Austin Bergen Bilbao Boise Bologna Boulder Bristol Bruges Cardiff Charleston
Coimbra Cork Dayton Delft Denver Dresden Durham Eugene Exeter Galway Geneva Ghent Graz Göteborg Halifax Helena Hobart
Ithaca Kingston Laramie Leiden Leeds Lyon Madison Malmö Medford Nantes Nelson Norwich Olympia Oxford Porto Raleigh
Richmond Rouen Salem Salzburg Savannah Seville Tacoma Trieste Turin Utrecht Uppsala Valencia Victoria Wichita York
Zürich
""")

STATES = ("CA", "CO", "GA", "ID", "MA", "ME", "MN", "NC", "NM", "NY", "OH", "OR", "PA", "TX", "VA", "WA")

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

DEPARTMENTS = _words("""
Accounts Archive Assembly Catering Design Dispatch Estates Finance Help-desk Laboratory Library Maintenance Marketing
Nursing Payroll Planning Procurement Quality Reception Research Sales Security Stores Training Transport Workshop
""")

GROCERIES = _phrases("""
apples red, baguette, bananas, basmati rice 1kg, black tea, blueberries, brie, brown eggs 12, butter unsalted, carrots
2lb, cheddar mild, cherry tomatoes, chicken breast, chickpeas, coffee ground, cornflakes, cream cheese, cucumber, dark
chocolate, dish soap, espresso double, feta, flat white, garlic, ginger root, granola, green tea, honey, ice cream
vanilla, kitchen roll, lemonade, lemons, lentil soup, mango, mineral water, mozzarella, muffin blueberry, mushrooms,
oat milk, olive oil, orange juice, paper towels, pasta penne, peanut butter, pear, pesto, potatoes 5lb, red onions,
rye bread, salmon fillet, sandwich ham, shampoo, sourdough, soy sauce, spinach, strawberries, sugar brown, toothpaste,
tuna can, walnuts, yogurt plain
""")

GOODS = _phrases("""
adjustable desk lamp, aluminium ladder 3 m, annual support plan, archive boxes (pack of 10), ball bearing 6204,
battery pack 18 V, brass hinge 75 mm, cable tray 2 m, carbon filter cartridge, ceramic tile white, circuit breaker 16
A, consulting on site per day, copper pipe 15 mm, cordless drill, cotton work gloves, delivery and assembly, digital
multimeter, drafting chair, epoxy resin 5 kg, exhaust fan, fibre patch cable, filing cabinet 4 drawer, fire
extinguisher 6 L, floor paint grey 10 L, gasket set, hex bolts M8 (100 pcs), hydraulic hose, impact wrench, industrial
shelving, insulation roll, label printer, LED panel 60 x 60, machine oil 20 L, maintenance visit, measuring tape 8 m,
meeting table oak, network switch 24 port, office paper A4 (5 reams), packing foam, pallet jack, plywood sheet 18 mm,
pressure gauge, project management, pump service kit, quarterly inspection, rubber mat, safety goggles, server rack
42U, software licence per seat, solar cable 50 m, stainless sink, steel bracket, thermal paste, toner cartridge black,
toolbox steel, training course half day, transport pallet, UPS unit 1500 VA, valve DN25, ventilation duct, visitor
badges, wall anchor set, water meter, whiteboard 120 x 90, wood screws 4 x 40
""")

TOPICS = {
    "harbour": _phrases("""
        berth, buoy, cargo, container, crane, current, dredger, ferry, fleet, harbour, hull, lighthouse, pilot,
        pier, port, sediment, shipment, tanker, terminal, tide, tugboat, vessel, warehouse, wharf
    """),
    "garden": _phrases("""
        bark, blossom, canopy, clover, compost, fern, fertiliser, greenhouse, hedge, herb, irrigation, lawn,
        meadow, mulch, nursery, orchard, pollinator, root, sapling, seed, seedling, shrub, soil, trunk
    """),
    "clinic": _phrases("""
        appointment, bandage, clinic, consultation, diagnosis, dose, examination, infection, laboratory,
        medication, nurse, patient, pharmacy, physician, prescription, recovery, referral, sample, screening,
        surgery, symptom, therapy, vaccine, ward
    """),
    "archive": _phrases("""
        account, archive, atlas, binding, catalogue, charter, collection, copy, diary, document, drawing,
        folder, index, ink, ledger, letter, manuscript, map, negative, pamphlet, parchment, photograph, record,
        register
    """),
    "railway": _phrases("""
        axle, bogie, brake, bridge, carriage, conductor, depot, engine, freight, gauge, junction, line,
        locomotive, platform, rail, schedule, signal, sleeper, station, switch, timetable, track, tunnel,
        viaduct
    """),
    "energy": _phrases("""
        battery, boiler, cable, capacity, converter, demand, generator, grid, heat pump, insulation, inverter,
        load, meter, network, outage, panel, plant, reactor, reservoir, substation, tariff, transformer,
        turbine, voltage
    """),
    "kitchen": _phrases("""
        apprentice, baker, butter, counter, dough, flour, grain, kitchen, ladle, menu, mill, oven, pantry,
        pastry, recipe, salt, sauce, spice, stock, sugar, tray, wheat, yeast
    """),
    "workshop": _phrases("""
        adhesive, bearing, bench, bolt, casting, chisel, drill, fastener, frame, gear, hinge, joint, lathe,
        lever, mould, plane, plate, press, pulley, saw, screw, spring, steel, thread
    """),
}
"""Topic -> its nouns. A document uses one topic, so that its words are related."""

ADJECTIVES = _words("""
annual broad careful central clear common complete costly dense detailed dry early empty even familiar final fine
former frequent full gradual heavy hidden higher initial large late light local long lower main marked minor modern
narrow natural new northern old open ordinary outer partial plain quiet rapid rare recent regular remote robust rough
second seasonal separate shallow sharp short simple single slow small smooth southern stable steady steep strong
sudden thin usual warm weak wide
""")

VERBS = _words("""
accepted adjusted altered approved carried changed checked compared completed covered delayed delivered described
divided dusted examined extended favoured followed inspected joined kept limited measured moved noted opened ordered
outlined passed prepared printed protected raised recorded reduced repaired replaced reported returned reviewed
selected separated shaped showed sorted supported surveyed tested traced weighed
""")

SENTENCES = (
    "The {adj} {noun} {verb} the {noun} near {city}.",
    "In {month} the {noun} was {verb} by {person} and two assistants.",
    "Every {adj} {noun} is {verb} twice, once in spring and once after the {adj} {noun}.",
    "We {verb} {number} of the {nouns} and found that each {noun} had a {adj} {noun}.",
    "Of all the {nouns} in {city}, only {number} were {verb} before {year}.",
    "A {noun} without a {adj} {noun} costs {percent} more than the {adj} one.",
    "When the {noun} is {adj}, the {noun} should be {verb} at once.",
    "{person} {verb} the first {noun} in {year}, long before {company} did.",
    "It is not the {noun} but the {noun} that makes a {adj} difference.",
    "Between {month} and {month}, {percent} of the {adj} {nouns} were {verb}.",
    "The report of {company} {verb} a {adj} {noun}, a {noun} and {number} {nouns}.",
    "This leaves the question of how a {noun} can be {verb} when the {noun} is {adj}.",
    "Both the {adj} and the {adj} {noun} were {verb} by {company}.",
    "As {person} noted, a {adj} {noun} is worth more than a {adj} {noun}.",
    "The share of {adj} {nouns} fell from {percent} to {percent} within {number} weeks.",
    "There is no {noun} in {city} that has not been {verb} since {year}.",
    "If the {noun} fails, the {adj} {noun} takes over and the {noun} stays {adj}.",
    "Costs of the {noun} rose by {percent}, those of the {noun} by {percent}.",
    "Most {nouns} are {adj}; the {noun} in {city} is {adj} and {adj}.",
    "For a {noun} of this kind, {number} hours are enough.",
)

REQUESTS = (
    "Thank you for your letter of {date} about the {adj} {noun}.",
    "I am writing to confirm that your order of {number} {nouns} has been {verb}.",
    "Please let us know by {date} whether the {noun} can be {verb}.",
    "We regret that the {noun} was {verb} later than we had promised.",
    "Our {adj} {noun} will be closed from {date} until further notice.",
    "You will find a copy of the {noun} enclosed.",
    "May I ask you to return the signed {noun} to our office in {city}?",
    "{person} will be glad to show you the {adj} {noun} at any time.",
    "The remaining amount is due within {number} days.",
    "Should you have any questions about the {noun}, do not hesitate to call.",
    "We look forward to working with {company} again.",
)
