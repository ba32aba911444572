// The passwords that are tried first: the words, names and whole passwords that head every list of broken ones. A word stands for all its
// disguises: other case, figures and signs for letters, figures and signs around it or between two of them, so that some thousand words
// refuse many millions of passwords.
// Bounds: a few cuts of the text in each of the `readings`; a password is bounded before it comes here.

import Base

/// The well-known passwords.
enum CommonPasswords {
    private static let leastLetters = 3
    private static let mostTailLetters = 3

    /// Whether a case-folded password is a well-known one in disguise, or two of them in a row.
    static func contains(_ folded: String) -> Bool {
        spellings(of: folded).contains { spelling in
            let core = trimmed(spelling)
            return isKnown(core) || isKnown(core.filter(\.isLetter)) || core.isEmpty && words.contains(spelling)
        }
    }

    /// The text as it is and as it reads when figures and signs stand for letters, with and without what surrounds its letters.
    static func spellings(of folded: String) -> Set<String> {
        let cores = cores(of: folded)
        return Set(cores + cores.flatMap { text in readings.map { reading in read(text, reading) } })
    }

    /// The text without the figures and signs before its letters, and without all or most of those behind: the first few of them may
    /// stand for letters.
    private static func cores(of text: String) -> [String] {
        let core = trimmed(text)
        let behind = text.drop { !$0.isLetter }
        let longer = (1...mostTailLetters).map { String(behind.prefix(core.count + $0)) }
        return [text, String(behind), core] + longer
    }

    private static func isKnown(_ text: String) -> Bool {
        if words.contains(text) { return true }
        guard text.count >= 2 * leastLetters else { return false }
        return text.indices.contains { at in words.contains(String(text[..<at])) && words.contains(String(text[at...])) }
    }

    /// What is left without the figures and signs at both ends.
    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while let first = rest.first, !first.isLetter { rest.removeFirst() }
        while let last = rest.last, !last.isLetter { rest.removeLast() }
        return String(rest)
    }

    // MARK: Figures for letters

    private static let signs: [Character: Character] = [
        "@": "a", "4": "a", "8": "b", "(": "c", "3": "e", "€": "e", "6": "g", "9": "g", "#": "h", "0": "o", "5": "s", "$": "s",
        "7": "t",
        "+": "t", "2": "z", "1": "i", "!": "i", "|": "i",
    ]
    /// One sign for two letters: `1` is an `i` in the first reading and an `l` in the second; `7` and `9` likewise.
    private static let readings: [[Character: Character]] = [
        signs, signs.merging(["1": "l", "!": "l", "|": "l"]) { $1 }, signs.merging(["9": "q", "7": "l"]) { $1 },
    ]

    private static func read(_ text: String, _ reading: [Character: Character]) -> String {
        String(text.map { reading[$0] ?? $0 })
    }

    // MARK: The words

    private static let words: Set<String> = Set(
        [passwords, keys, people, affection, animals, sports, culture, things, technology, places, times, otherLanguages]
            .flatMap { $0.split { $0 == " " || $0 == "\n" }.map(String.init) })

    private static let passwords = """
        password passwords passwort passwd passphrase pass passme passpass mypass mypassword thepassword newpassword oldpassword
        yourpassword changeme changeit change changethis changenow pleasechange letmein letmeinnow openup opensesame sesame open access
        accessdenied granted secret secrets mysecret topsecret private privat hidden security secure insecure safe login logon logmein
        signin signup welcome welcomehome welcomeback hello helloo hellohello hello hi hey heythere goodbye bye master mastermind admin
        admins administrator administrador root toor rootroot superuser super superman superadmin sysadmin sysop system manager user
        username users guest guests visitor default defaultpassword test tests tester testing testtest testuser demo sample example temp
        temporary tempo trustno trustnoone trustme iamgod nopass nopassword none null nothing blank empty unknown anonymous forgot forget
        forgotten forgetme remember rememberme dontknow idontknow whatever whatsup enter entry enternow key keys mykey token code codes
        pin pincode number numbers one two three four five six seven eight nine ten zero onetwo onetwothree abc abcd abcde abcdef abcabc
        xyz xyzzy xxx xxxx aaa aaaa qqq zzz correcthorsebatterystaple correcthorse batterystaple monkey dragon shadow sunshine princess
        football baseball starwars batman iloveyou mustang jordan jennifer hunter ranger buster soccer hockey george charlie
        andrew michelle love jessica pepper daniel access michael maggie ginger summer corvette taylor freedom whatever merlin cookie
        freepass letmeout lemmein openit unlock unlockme locked lockme backdoor supersecret verysecret notsecret mysecurity insula
        insulaadmin company office business corporate staff employee service services support helpdesk helpme help info contact sales
        """

    private static let keys = """
        qwerty qwertyu qwertyui qwertyuiop qwert qwer qwe qaz qazwsx qazwsxedc qazxsw wsx wsxedc edc edcrfv rfvtgb zaq zaqwsx zaqxsw xsw
        zxc zxcv zxcvb zxcvbn zxcvbnm asd asdf asdfg asdfgh asdfghj asdfghjk asdfghjkl asdasd asdqwe qweasd qweasdzxc qweqwe qwaszx
        asdzxc zxcasd zxcasdqwe poiuy poiuyt poiuytrewq lkjhg lkjhgf lkjhgfdsa mnbvc mnbvcx mnbvcxz ytrewq trewq rewq fdsa gfdsa hgfdsa
        azerty azertyuiop qsdf qsdfgh wxcvbn qwertz qwertzuiop yxcvbnm dvorak aoeu aoeui aoeuidhtns йцукен фыва фывапролдж ячсмит
        fghj fghjkl ghjkl hjkl jkl uiop tyui tyuiop yuiop vbnm cvbn cvbnm bnm wer wert werty ert erty sdfg sdfghjkl dfgh dfghjkl
        """

    private static let people = """
        michael mike mikey michel michelle mickey matthew matt daniel dan danny danielle david dave davey joshua josh john johnny jon
        jonathan joseph joe joey james jim jimmy jamie robert rob robbie bob bobby william will willie bill billy richard rick ricky dick
        thomas tom tommy charles charlie charlotte chris christian christina christine christopher andrew andrea andreas andy anthony
        antonio tony anton george georgia jorge juan jose josef carlos carla luis luisa pedro pablo miguel manuel fernando francisco
        francesco alejandro alejandra alex alexander alexandra alexis alice alicia allison amanda amber amelia amy ana anna anne annie
        angel angela angelina angelo april ariel arthur ashley asia austin barbara barbie beatrice becky ben benjamin benny bernard
        bianca bradley brad brandon brandy brenda brian bryan britney brittany bruce bruno caitlin cameron camila carmen carol carolina
        caroline casey cassie catherine cathy cecilia chad chelsea cheryl chloe cindy claire clara claudia connor corey courtney craig
        crystal cynthia daisy dakota dean debbie deborah denise dennis derek diana diane diego dominic donald donna doris dorothy doug
        douglas dylan eddie edgar eduardo edward edwin elena elizabeth ella ellen elvis emily emma enrique eric erica erik erin ernesto
        ethan eugene eva evan evelyn felix fiona florian frank frankie fred freddy gabriel gabriela gabby gary gavin gerald gerard gina
        giovanni gloria gordon grace graham greg gregory guillermo hannah hans harold harry heather hector heidi helen helena henry
        howard hugo ian igor irene iris isabel isabella isaac ivan ivy jack jackie jackson jacob jake jane janet janice jason jasmine
        jasper jay jean jeff jeffrey jenna jennifer jenny jeremy jerome jerry jesse jessica jessie jesus jill joan joanna jocelyn joel
        jordan josephine joyce juanita judith judy julia julian juliana julie julien june justin karen karina karl kate katherine
        kathleen kathryn kathy katie keith kelly kelsey ken kenneth kenny kevin kim kimberly kirsten klaus kristen kristina kurt kyle
        lara larry laura lauren lawrence leah lee leo leon leonardo leslie liam lillian lily linda lindsay lisa lola lorenzo loren louis
        louise lucas lucia lucy luke lynn madison maggie marc marcel marcelo marco marcos marcus margaret maria mariah marie marina mario
        marion marisa mark marlene marlon martha martin martina marvin mary mason mateo maurice max maxim maxime maximus megan melanie
        melissa melody mercedes mia miles miranda mohamed mohammed molly monica monique morgan muhammad nadia nancy naomi natalia natalie
        natasha nathan nathalie neil nelson nicholas nick nicky nicolas nicole nikita nikki nina noah noel nora norman olga oliver olivia
        omar oscar owen paige pamela pascal pat patricia patrick paul paula pauline peggy penelope penny pete peter petra philip philippe
        phillip phoebe pierre rachel rafael ralph ramon randy raul ray raymond rebecca regina renee ricardo rita roberta roberto rodney
        rodrigo roger roland ronald ronnie rosa rose rosie roxanne roy ruby russell ruth ryan sabrina sally sam samantha sammy samuel
        sandra sandy santiago sara sarah scott sean sebastian selena sergio serena shane shannon sharon shawn sheila shelby shirley
        sierra silvia simon simone sofia sonia sonya sophia sophie stacey stacy stanley stefan stella stephanie stephen steve steven
        stewart stuart sue susan susie suzanne svetlana sylvia tamara tania tanya tara tatiana taylor ted teresa terry thelma theo theresa
        tiffany tim timothy tina todd tracey tracy travis trevor tyler ursula valentina valentine valerie vanessa vera veronica vicky
        victor victoria vincent viola violet virginia vivian vladimir walter wanda warren wayne wendy wesley wolfgang xavier yolanda
        yvonne zachary zoe abdullah ahmed ali aisha fatima hassan hussein ibrahim khalid mahmoud mustafa yusuf arjun anil deepak krishna
        lakshmi priya rahul rajesh ravi sanjay shiva sunita vijay
        """

    private static let affection = """
        love lover lovers loveme loveyou lovelove lovely iloveu iloveyou iloveme iloveyousomuch ihateyou hate hateme babe baby babyboy
        babygirl babydoll babyblue honey honeybee sweet sweetie sweetheart sweety sugar sugarplum darling dear dearest kiss kisses
        kissme heart hearts heartbreaker mylove mybaby myangel mylife myheart truelove forever foreverlove always together friend friends
        friendship bestfriend bestfriends bff mom mommy mother mum mama dad daddy father papa sister brother family wife husband son
        daughter grandma grandpa princess princesa prince queen king kingkong duke baroness angel angels heaven god goddess jesus jesuschrist
        christ lord faith hope blessed blessing bless church bible amen holy spirit soul happy happiness happyday smile smiles smiley
        joy funny sexy sex hotstuff hottie hot fuck fucker fuckme fuckyou fuckoff fuckit shit bullshit asshole bitch bitches bastard
        damn dammit hell suck sucks suckit porn pussy dick cock penis boobs boobies tits naked horny playboy playgirl badboy badgirl
        goodboy goodgirl gangster gangsta thug pimp playa player beautiful pretty beauty cutie cute cool coolboy coolgirl awesome amazing
        fantastic wonderful perfect special crazy loser winner genius boss bigboss chief captain major general sergeant soldier warrior
        """

    private static let animals = """
        monkey monkeys dragon dragons tiger tigers lion lions lioness panther jaguar leopard cougar puma bear bears teddybear panda koala
        wolf wolves wolfpack fox foxy dog dogs doggy doggie puppy puppies cat cats kitty kitten kittens hellokitty horse horses pony
        ponies unicorn stallion mustang bronco cow bull bulldog bulldogs buffalo pig piggy piglet sheep lamb goat chicken duck ducks ducky
        goose eagle eagles falcon falcons hawk hawks raven ravens crow owl penguin penguins parrot bird birds birdie fish fishes fishing
        shark sharks dolphin dolphins whale turtle turtles frog froggy snake snakes cobra viper python lizard spider spiderman scorpion
        butterfly bee bees bumblebee ladybug ant bunny rabbit hamster mouse rat rats squirrel elephant giraffe zebra gorilla rhino beaver
        otter badger rooster poodle rex buddy buster bailey rocky lucky lucy coco bella max oreo princess tigger simba nala pumpkin
        precious shadow smokey snoopy snowball patches peanut pepper ginger midnight misty muffin murphy rascal rusty scooter spike sparky
        """

    private static let sports = """
        football footballs soccer baseball basketball hockey tennis golf golfer golfing volleyball softball rugby cricket swimming
        swimmer surfing surfer skate skater skateboard skiing snowboard wrestling wrestler boxing boxer karate judo kungfu ninja samurai
        fitness runner running racing racer cycling biker bicycle motocross motorcycle yankees yankee redsox dodgers giants cowboys cowboy
        packers steelers eagles patriots broncos raiders vikings dolphins chiefs bengals browns lakers celtics bulls chicago heat knicks
        spurs warriors rangers bruins flyers penguins redwings canucks leafs mets cubs braves cardinals phillies marlins tigers orioles
        arsenal chelsea liverpool everton manchester manutd united mancity tottenham hotspur newcastle celtic glasgow juventus milan
        inter intermilan barcelona barca realmadrid madrid atletico bayern dortmund schalke ajax benfica porto sporting fenerbahce
        galatasaray besiktas ronaldo messi beckham maradona pele zidane neymar rooney gerrard totti jordan kobe bryant lebron shaq
        champion champions winner victory goal goalie gunner gunners striker keeper coach player team slugger homerun touchdown quarterback
        """

    private static let culture = """
        starwars startrek skywalker lukeskywalker vader darthvader yoda jedi sith chewbacca hansolo obiwan anakin spock kirk picard
        enterprise matrix neo trinity morpheus terminator predator alien aliens avatar titanic gladiator rambo rocky batman batgirl robin
        superman superwoman supergirl spiderman ironman hulk thor avengers wolverine deadpool joker catwoman xmen marvel wonderwoman
        pokemon pikachu charizard naruto sasuke sakura goku vegeta dragonball dragonballz onepiece luffy zoro bleach ichigo inuyasha sailormoon
        zelda link mario luigi supermario nintendo sega sonic playstation xbox halo minecraft fortnite roblox warcraft starcraft diablo
        counterstrike callofduty battlefield doom quake halflife finalfantasy sephiroth cloud tombraider runescape tetris pacman metallica
        slipknot nirvana cobain ironmaiden megadeth slayer pantera acdc ledzeppelin zeppelin pinkfloyd beatles lennon rollingstones
        queen aerosmith bonjovi gunsnroses guns greenday blink linkinpark eminem slimshady shady tupac biggie snoopdogg rihanna beyonce
        madonna britney shakira justinbieber bieber onedirection onlyone blackpink bts kpop hiphop rapper reggae bobmarley marley rasta
        music musica guitar guitars bass drums drummer piano violin trumpet singer song dance dancer dancing disco party rockstar
        rocknroll rock rocker punk punkrock metal heavymetal harrypotter potter hermione hogwarts gryffindor slytherin gandalf frodo
        bilbo aragorn legolas gollum hobbit lordoftherings merlin wizard witch magic magical mickeymouse minnie donaldduck goofy pluto
        disney disneyland cinderella snowwhite ariel bambi simba nemo shrek garfield snoopy scooby scoobydoo tweety sylvester tinkerbell
        spongebob patrick simpsons homer bart bartman southpark cartman kenny familyguy stewie futurama bender elvis houdini sherlock
        holmes dracula vampire vampires twilight zombie zombies ghost ghosts casper phantom phoenix pegasus excalibur camelot arthur zorro
        """

    private static let things = """
        sunshine sun sunny sunflower sunset sunrise moon moonlight moonshine star stars starlight stardust superstar sky skyblue rainbow
        rain rainy raindrop snow snowflake snowman ice icecream iceman fire fireball firefly fireman flame flames storm thunder lightning
        hurricane tornado earth world planet ocean beach island river water waterfall mountain forest tree trees flower flowers rose
        roses daisy lily tulip orchid lotus violet jasmine butterfly apple apples banana bananas orange oranges lemon lemons cherry
        cherries strawberry raspberry blueberry peach peaches mango melon pineapple coconut tomato potato carrot onion garlic cheese
        cheeseburger burger hamburger pizza pasta spaghetti noodle noodles bacon chicken cookie cookies brownie brownies cupcake cake
        chocolate candy candyman lollipop sugar spice salt pepper cinnamon vanilla coffee espresso tea beer whiskey vodka wine tequila
        cocacola coke pepsi cola budweiser heineken corona guinness drpepper skittles snickers twinkie butter peanut peanutbutter popcorn
        red blue green yellow purple pink black white gray grey brown silver gold golden platinum diamond diamonds ruby emerald sapphire
        crystal pearl pearls money moneymoney cash dollar dollars million millionaire billion rich richie bank banker casino poker jackpot
        lucky luckyone lucky fortune treasure car cars truck trucks trucker bike ferrari lamborghini porsche mercedes bmw audi volkswagen
        toyota honda nissan suzuki yamaha kawasaki ducati harley harleydavidson ford mustang chevy chevrolet camaro corvette dodge viper
        jeep cadillac jaguar subaru mazda ferrari vette racecar turbo nitro engine driver police officer fireman doctor nurse teacher
        student school college university class pencil paper book books house home window door kitchen garden table chair bottle mirror
        hammer knife sword gun bullet rocket missile bomb tank army navy marine marines airforce airborne pilot airplane boat sailor
        sailing pirate pirates treasure skull bones death killer kill killme murder blood bloody devil demon demons satan lucifer evil
        """

    private static let technology = """
        computer computers laptop desktop internet intranet network server servers database data backup windows microsoft office word
        excel outlook linux ubuntu debian redhat centos fedora unix macintosh macbook apple iphone ipad ipod android google gmail
        yahoo hotmail facebook twitter instagram snapchat whatsapp youtube myspace linkedin amazon netflix spotify skype discord tiktok
        reddit github gitlab docker kubernetes jenkins oracle mysql postgres postgresql mongodb redis sqlserver cisco juniper samsung
        nokia motorola sony panasonic dell lenovo toshiba intel pentium nvidia geforce radeon wifi wireless router modem firewall hacker
        hackers hacked hackme cracker virus trojan warez cyber cyborg robot robots digital electric electronic electronics telephone phone
        mobile camera photo photos video videos website webmaster webadmin email mail mailman online offline password download upload
        program programmer programming developer software hardware javascript java swift perl ruby golang rust cobol fortran pascal basic
        bitcoin crypto ethereum blockchain token wallet gamer games game gameover gaming player console joystick keyboard mouse monitor
        """

    private static let places = """
        america american usa canada canadian mexico mexican brazil brasil brasilia argentina chile colombia peru venezuela cuba jamaica
        england english britain british london london scotland scottish ireland irish wales france french paris germany german deutschland
        berlin munich hamburg austria vienna italy italia italian roma rome milano napoli venice spain spanish espana portugal lisboa
        holland amsterdam belgium brussels sweden stockholm norway oslo denmark copenhagen finland helsinki poland polska warsaw russia
        russian moscow moskva ukraine kiev turkey turkiye istanbul ankara greece athens egypt cairo israel jerusalem india delhi mumbai
        pakistan china chinese beijing shanghai hongkong taiwan japan japanese tokyo korea seoul thailand bangkok vietnam indonesia
        malaysia singapore philippines manila australia sydney melbourne newzealand africa nigeria kenya newyork newyorkcity brooklyn
        manhattan california losangeles hollywood sandiego sanfrancisco oakland texas dallas houston austin florida miami orlando atlanta
        boston chicago detroit denver colorado phoenix arizona seattle portland oregon nevada lasvegas vegas hawaii alaska montana virginia
        carolina georgia alabama tennessee kentucky ohio michigan indiana jersey philadelphia pittsburgh cleveland washington toronto
        """

    private static let times = """
        january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
        monday tuesday wednesday thursday friday saturday sunday spring summer summertime autumn fall winter wintertime christmas xmas
        santa santaclaus easter halloween birthday happybirthday newyear holiday holidays vacation weekend today tomorrow yesterday
        tonight morning goodmorning evening night goodnight midnight noon season year years month week day days time timeless eternity
        """

    private static let otherLanguages = """
        contrasena contraseña clave motdepasse senha parola parole haslo heslo lozinka jelszo salasana losenord lösenord kennwort geheim
        sifre şifre пароль привет любовь солнце наташа максим андрей hola holahola teamo tequiero teamomucho miamor amor amore amour
        bonjour soleil jetaime chocolat loulou doudou coucou hallo schatz schatzi liebe ichliebedich sommer hallohallo passwort ficken
        ciao ciaociao amoremio tiamo juventus forzaroma napoli felicidad familia estrella corazon princesa mariposa bonita hermosa
        chocolate brasil flamengo corinthians palmeiras saopaulo beleza saudade kochanie polska misiek wachtwoord welkom hallohallo
        sunsilk mahal mahalkita iloveyoubabe sayang sayangku bismillah alhamdulillah inshallah allah akbar habibi habibti mohamed namaste
        jaimatadi omsairam saibaba ganesh krishna hanuman kissmyass woaini aishiteru arigato konnichiwa annyeong saranghae privet lyubov
        """
}
